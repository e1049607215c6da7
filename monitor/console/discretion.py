"""Who may read private words: direct messages are for those who answer. Others see that they are there, not what.

Every page asks here; the REST API and `inbox.selectors.posts_of` hold to the same rule.
"""

from typing import Any

from django.db.models import Q, QuerySet

from monitor.brands.models import Brand
from monitor.brands.rights import can
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.replies.models import Reply

#: Cases of which the queue shows words and names to everybody.
IN_PUBLIC = Q(is_public=True, deciding_post__is_public=True)


def reads_private(user: Any, brand: Brand | int) -> bool:
    return can(user, brand, "answer")


def came_in_private(case: Case) -> bool:
    """Whether the name and the words in the header and the row of the case are private."""
    return not (case.is_public and case.deciding_post.is_public)


def holds_private(case: Case) -> bool:
    """Whether any message of the case is private: what colleagues wrote about it may then quote it."""
    return came_in_private(case) or Post.objects.filter(conversation__links__case=case, is_public=False).exists()


def readable_posts(posts: QuerySet[Post], user: Any, brand: Brand) -> QuerySet[Post]:
    return posts if reads_private(user, brand) else posts.filter(is_public=True)


def is_said_in_public(reply: Reply) -> bool:
    """Whether everybody could read the reply and what it answers."""
    return reply.kind == "reply" and reply.target.is_public
