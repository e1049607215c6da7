"""Finds everything that belongs to one author, before any of it is erased."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from monitor.brands.models import Brand
from monitor.cases.models import Case
from monitor.erasure import Person
from monitor.inbox.models import Author, Post


@dataclass(frozen=True, slots=True)
class Target:
    """One platform id in one brand. The author may be unknown there: then only what is to come is kept out."""

    brand_id: int
    platform: str
    external_id: str


def find_targets(*, platform: str, author: str, brand: Brand | None) -> list[Target]:
    """Every platform id that `author` (an id, or a handle with or without @) stands for, in one brand or in all."""
    brands = list(Brand.objects.order_by("pk").values_list("pk", flat=True)) if brand is None else [brand.pk]
    name = author.strip().removeprefix("@")
    known = Author.objects.filter(platform=platform, brand_id__in=brands, erased_at__isnull=True)
    found = known.filter(Q(external_id=author.strip()) | (Q(handle__iexact=name) & ~Q(handle="")))
    targets = {
        Target(brand_id, platform, external_id)
        for brand_id, external_id in found.values_list("brand_id", "external_id")
    }
    # Even where nobody is known by it: the id may be the right one, and its posts must not come in later.
    targets |= {Target(brand_id, platform, author.strip()) for brand_id in brands}
    return sorted(targets, key=lambda target: (target.brand_id, target.external_id))


def person_of(target: Target) -> Person:
    """The person with all posts, private threads and cases, inside one brand."""
    authors = Author.objects.filter(
        brand_id=target.brand_id, platform=target.platform, external_id=target.external_id, erased_at__isnull=True
    )
    author_ids = tuple(authors.values_list("pk", flat=True))
    names = {name for pair in authors.values_list("handle", "name") for name in pair if name}
    theirs = Post.objects.filter(author_id__in=author_ids)
    threads = tuple(theirs.filter(is_public=False).values_list("conversation_id", flat=True).distinct())
    post_ids = {*theirs.values_list("pk", flat=True), *_answers_to(theirs, target, threads)}
    cases = Case.objects.filter(brand_id=target.brand_id).filter(
        Q(author_id__in=author_ids) | Q(case_posts__post_id__in=post_ids) | Q(links__conversation_id__in=threads)
    )
    return Person(
        platform=target.platform,
        external_id=target.external_id,
        brand_ids=(target.brand_id,),
        author_ids=author_ids,
        post_ids=tuple(sorted(post_ids)),
        conversation_ids=threads,
        case_ids=tuple(sorted(set(cases.values_list("pk", flat=True)))),
        names=tuple(sorted(names)),
    )


def _answers_to(theirs: QuerySet[Post], target: Target, threads: tuple[int, ...]) -> set[int]:
    """Our own words to the person: they often hold a name."""
    ours = Post.objects.filter(brand_id=target.brand_id, is_own=True)
    ids = {*theirs.values_list("external_id", flat=True), *theirs.values_list("platform_id", flat=True)} - {""}
    public = ours.filter(platform=target.platform, in_reply_to__in=ids)
    made_here = ours.filter(reply_made__target__in=theirs)
    private = ours.filter(conversation_id__in=threads)
    return {pk for found in (public, made_here, private) for pk in found.values_list("pk", flat=True)}
