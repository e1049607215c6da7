"""What a platform told of a post beyond its words, for people: quiet marks beside the post, and filters for lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext, pgettext

from monitor.brands.models import Brand
from monitor.cases.models import Case, CasePost
from monitor.inbox.models import Post
from monitor.platforms.extra import MOST_STARS, Extra

_IS_RATED: Final = Q(extra__has_any_keys=["stars", "recommends"])
#: What may be looked for; the words stand in labels.TOLD.
WAYS: Final[Mapping[str, Q]] = {
    "on_ad": Q(extra__has_key="ad_id"),
    "low_rated": _IS_RATED & (Q(extra__stars__lte=2) | Q(extra__recommends=False)),
    "high_rated": _IS_RATED & (Q(extra__stars__gte=4) | Q(extra__recommends=True)),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """`words` say it whole. `is_theirs`: what somebody else called it, in whatever script."""

    words: str
    sign: str = ""
    is_theirs: bool = False


def marks_of(post: Post) -> list[Mark]:
    """Nothing of a post that is gone."""
    told = Extra() if post.deleted_at else Extra.from_json(post.extra)
    marks = []
    if told.stars is not None:
        words = gettext("%(stars)s of %(most)s stars") % {"stars": told.stars, "most": MOST_STARS}
        marks.append(Mark(words, sign="★"))
    if told.recommends is not None:
        marks.append(Mark(gettext("Recommends us") if told.recommends else gettext("Does not recommend us")))
    if told.ad_id:
        marks.append(Mark(_on_ad(post)))
    if told.app_version:
        marks.append(Mark(gettext("Version %(version)s") % {"version": told.app_version}, is_theirs=True))
    if told.device:
        marks.append(Mark(told.device, is_theirs=True))
    return marks


def _on_ad(post: Post) -> str:
    if not post.is_public:
        return gettext("Came by an ad")
    return gettext("Comment on an ad") if post.form in ("comment", "reply") else pgettext("post", "Ad")


def posts_told(posts: QuerySet[Post], way: str) -> QuerySet[Post]:
    return posts.filter(WAYS[way]) if way in WAYS else posts


def cases_told(cases: QuerySet[Case], brand: Brand, way: str, *, with_private: bool) -> QuerySet[Case]:
    """Cases with such a post. Without `with_private` only what everybody could read is looked at."""
    if way not in WAYS:
        return cases
    posts = Post.objects.filter(WAYS[way], brand=brand)
    posts = posts if with_private else posts.filter(is_public=True)
    return cases.filter(pk__in=CasePost.objects.filter(post__in=posts).values("case_id"))


def ways_met(brand: Brand, chosen: str = "") -> list[str]:
    """What there is to look for in a brand at all: most have no ads and no reviews."""
    theirs = Post.objects.filter(brand=OuterRef("pk"))
    found = Brand.objects.filter(pk=brand.pk).values_list(
        Exists(theirs.filter(WAYS["on_ad"])), Exists(theirs.filter(_IS_RATED))
    )
    has_ads, has_ratings = found.get()
    met = {"on_ad": has_ads, "low_rated": has_ratings, "high_rated": has_ratings}
    return [way for way in WAYS if met[way] or way == chosen]
