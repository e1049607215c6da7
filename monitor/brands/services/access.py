"""Ways in: login links, the brake on guessed passwords, keys to the REST API. Only hashes of secrets are kept."""

import hashlib
import secrets
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from monitor.audit.services import record
from monitor.brands.models import ApiToken, Brand, LoginLink, LoginThrottle, Role, User
from monitor.brands.rights import ROLES, role_in

LOGIN_LINK_MINUTES = 15
FREE_FAILURES = 5
FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 900
TOKEN_PREFIX = "md_"  # noqa: S105  (how a token begins, so that scanners and people know one)


def create_login_link(*, user: User) -> str:
    """A path that logs the user in once, within 15 minutes. Older links of the user stay valid until they expire."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(minutes=LOGIN_LINK_MINUTES)
    LoginLink.objects.create(user=user, token_hash=_hash(token), expires_at=expires_at)
    return f"/login/link/{token}/"


def find_login_link(token: str) -> User | None:
    """Whom the link would log in; it stays as good as it was. None as for `use_login_link`."""
    link = _good_links(token).select_related("user").first()
    return link.user if link is not None else None


def _good_links(token: str) -> QuerySet[LoginLink]:
    return LoginLink.objects.filter(token_hash=_hash(token), used_at=None, expires_at__gt=Now(), user__is_active=True)


@transaction.atomic
def use_login_link(token: str) -> User | None:
    """The user whom the link belongs to; None when it was used, has expired, or its user may not log in."""
    if not _good_links(token).update(used_at=Now()):
        return None
    user = LoginLink.objects.select_related("user").get(token_hash=_hash(token)).user
    record(act="login.by_link", brand_id=None, actor=user, subject=user)
    return user


def login_wait_seconds(*, email: str, address: str) -> int:
    """How long this network address must wait before it may try this e-mail address again; 0: now."""
    blocked_until = (
        LoginThrottle.objects.filter(key_hash=_throttle_key(email, address), blocked_until__gt=Now())
        .values_list("blocked_until", flat=True)
        .first()
    )
    if blocked_until is None:
        return 0
    return max(1, round((blocked_until - timezone.now()).total_seconds()))


def note_failed_login(*, email: str, address: str) -> None:
    """Counts; from the fifth failure on each one doubles the wait, up to a quarter of an hour. A day heals all."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO brands_loginthrottle AS old (key_hash, failures, last_failure_at) VALUES (%(key)s, 1, now())
            ON CONFLICT (key_hash) DO UPDATE SET
                failures = CASE WHEN old.last_failure_at < now() - interval '1 day' THEN 1 ELSE old.failures + 1 END,
                last_failure_at = now(),
                blocked_until = CASE
                    WHEN old.last_failure_at < now() - interval '1 day' OR old.failures + 1 < %(free)s THEN NULL
                    ELSE now() + make_interval(secs => least(
                        %(longest)s, %(first)s * power(2, least(old.failures + 1 - %(free)s, 20)))) END
            """,
            {
                "key": _throttle_key(email, address),
                "free": FREE_FAILURES,
                "first": FIRST_WAIT_SECONDS,
                "longest": LONGEST_WAIT_SECONDS,
            },
        )


def note_login(*, email: str, address: str) -> None:
    """The right password ends the count."""
    LoginThrottle.objects.filter(key_hash=_throttle_key(email, address)).delete()


@transaction.atomic
def create_api_token(*, brand: Brand, name: str, role: str, user: User) -> tuple[ApiToken, str]:
    """A key to the REST API and its secret, which is shown this once.

    Raises PermissionError when the role is above the user's own: a key must not lift anybody.
    """
    own_role = Role.ADMIN if user.is_operator else role_in(user, brand)
    if own_role not in ROLES or ROLES.index(Role(role)) > ROLES.index(own_role):
        raise PermissionError(f"a {own_role or 'stranger'} cannot make a key of a {role}")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        brand=brand, name=name, prefix=secret[:8], token_hash=_hash(secret), role=Role(role), created_by=user
    )
    record(act="token.created", brand_id=brand.pk, actor=user, subject=token, params={"role": token.role})
    return token, secret


def verify_api_token(secret: str) -> ApiToken | None:
    """The key that this secret opens; None where there is none or it was revoked. Notes its use once a minute."""
    if not secret.startswith(TOKEN_PREFIX):
        return None
    token = ApiToken.objects.select_related("brand").filter(token_hash=_hash(secret), revoked_at=None).first()
    if token is not None:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - timedelta(minutes=1))
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=Now())
    return token


@transaction.atomic
def revoke_api_token(*, token: ApiToken, user: User) -> None:
    """Ends the key at once."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()):
        record(act="token.revoked", brand_id=token.brand_id, actor=user, subject=token)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _throttle_key(email: str, address: str) -> str:
    return _hash(f"{email.strip().casefold()}\0{address}")
