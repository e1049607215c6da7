"""What a platform told of a post beyond its words, for people: quiet marks beside the post, and filters for lists."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext, pgettext

from monitor.brands.models import Brand
from monitor.cases.models import Case, CasePost
from monitor.inbox.models import Post
from monitor.inbox.selectors import TOLD, posts_told, told_in
from monitor.platforms.extra import MOST_STARS, Extra


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


def cases_told(cases: QuerySet[Case], brand: Brand, way: str, *, with_private: bool) -> QuerySet[Case]:
    """Cases with such a post. Without `with_private` only what everybody could read is looked at."""
    if way not in TOLD:
        return cases
    posts = posts_told(Post.objects.filter(brand=brand), way)
    posts = posts if with_private else posts.filter(is_public=True)
    return cases.filter(pk__in=CasePost.objects.filter(post__in=posts).values("case_id"))


def ways_met(brand: Brand, chosen: str = "") -> list[str]:
    """What there is to look for in a brand at all: most have no ads and no reviews."""
    met = told_in(brand)
    return [way for way in TOLD if way in met or way == chosen]
