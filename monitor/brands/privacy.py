"""What this room stores: the brand's own settings, and the people who work here. Nothing of those who write."""

from datetime import datetime, timedelta

from django.db.models import Q

from monitor.brands.models import Allowance, LoginLink, LoginThrottle, PaidRead, SignInUnderWay

COLUMNS = {
    "Allowance.endpoint": "kept: a name of the platform's interface",
    "ApiToken.name": "staff: what somebody calls the key",
    "ApiToken.prefix": "kept: first letters of a secret",
    "ApiToken.role": "kept: one of Role",
    "ApiToken.token_hash": "kept: hash of a secret",
    "Brand.default_language": "kept: a language",
    "Brand.language_markets": "kept: settings of the brand",
    "Brand.name": "kept: the brand's",
    "Brand.order_patterns": "kept: settings of the brand",
    "Brand.slug": "kept: the brand's",
    "Brand.time_zone": "kept: a time zone",
    "Brand.tone": "kept: settings of the brand",
    "Channel.api_url": "kept: the platform's address",
    "Channel.credentials": "kept: the brand's own, sealed",
    "Channel.external_id": "kept: the brand's own profile",
    "Channel.handle": "kept: the brand's own profile",
    "Channel.kind": "kept: a code",
    "Channel.name": "kept: the brand's own profile",
    "Channel.platform": "kept: a code",
    "Channel.query": "kept: what the brand searches for",
    "Channel.state": "kept: one of ChannelState",
    "Channel.state_code": "kept: a code",
    "Channel.state_params": "kept: the platform's words about the channel",
    "ChannelCondition.aspect": "kept: one of CONDITION_ASPECTS",
    "ChannelCondition.code": "kept: a code",
    "ChannelCondition.params": "kept: names of rights, numbers and times",
    "ChannelCondition.state": "kept: one of CONDITION_STATES",
    "ChannelStream.cursor": "kept: places in the platform's lists; ids age out within minutes",
    "ChannelStream.last_error": "kept: a code",
    "ChannelStream.name": "kept: a code",
    "LoginLink.token_hash": "kept: hash of a secret",
    "LoginThrottle.key_hash": "kept: hash of an address, removed after a day",
    "Market.code": "kept: settings of the brand",
    "Market.hand_offs": "kept: settings of the brand",
    "Market.holidays": "kept: settings of the brand",
    "Market.hours": "kept: settings of the brand",
    "Market.languages": "kept: settings of the brand",
    "Market.name": "kept: settings of the brand",
    "Market.time_zone": "kept: settings of the brand",
    "Membership.role": "kept: one of Role",
    "PaidRead.key_hash": "kept: salted hash of an id, removed after a day",
    "SignInUnderWay.key_hash": "kept: hash of a secret",
    "SignInUnderWay.platform": "kept: a code",
    "SignInUnderWay.sealed": "kept: the brand's own, sealed, removed when it is over",
    "SignInUnderWay.session_hash": "kept: hash of a secret",
    "SignInUnderWay.stage": "kept: a code",
    "Spend.asides": "kept: amounts and times",
    "Switch.name": "kept: one of SwitchName",
    "User.email": "staff: login",
    "User.language": "staff: preference",
    "User.name": "staff: name",
    "User.password": "staff: hash",
    "User.time_zone": "staff: preference",
}


def sweep_retention(now: datetime) -> dict[str, int]:
    """Links that are used or over, brakes that have healed, allowances of endpoints that nobody calls any more."""
    day_ago = now - timedelta(days=1)
    links = LoginLink.objects.filter(Q(used_at__lt=day_ago) | Q(expires_at__lt=day_ago)).delete()[0]
    brakes = LoginThrottle.objects.filter(last_failure_at__lt=day_ago).delete()[0]
    allowances = Allowance.objects.filter(resets_at__lt=now - timedelta(days=30)).delete()[0]
    paid = PaidRead.objects.filter(day__lt=day_ago.date()).delete()[0]
    sign_ins = SignInUnderWay.objects.filter(expires_at__lt=now).delete()[0]
    counts = {"login links": links, "login brakes": brakes, "allowances": allowances}
    return {**counts, "paid reads": paid, "sign-ins": sign_ins}
