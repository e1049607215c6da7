from datetime import UTC, datetime

import pytest

from monitor.platforms.base import ChannelContext, IncomingDeletion, IncomingNotice, IncomingPost, RawUpdate
from monitor.platforms.bluesky import PLATFORM
from monitor.platforms.errors import MalformedPayloadError

US = ChannelContext(1, "account", "did:plc:lumora", "lumora.example", {}, "")
SEARCH = ChannelContext(2, "search", "lumora-words", "lumora.example", {}, "", query="lumora")
MARA = "did:plc:mara"
URI = f"at://{MARA}/app.bsky.feed.post/3kabc"
OURS = "at://did:plc:lumora/app.bsky.feed.post/3kxyz"


def read(body, context=US, kind="post"):
    return PLATFORM.normalize(RawUpdate(kind, "1", body), context)[0]


def a_post(record=None, **changes):
    record = {
        "$type": "app.bsky.feed.post",
        "text": "Grüße @lumora.example",
        "createdAt": "2026-11-20T09:30:00.000Z",
        "langs": ["de"],
        "facets": [mention("did:plc:lumora", 8, 23)],
        **(record or {}),
    }
    author = {"did": MARA, "handle": "mara.bsky.example", "displayName": "Mara V"}
    return {"uri": URI, "cid": "b", "author": author, "record": record, "indexedAt": "2026-11-20T09:30:04Z", **changes}


def mention(did, start, end):
    index = {"byteStart": start, "byteEnd": end}
    return {"index": index, "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}]}


def test_a_mention_becomes_a_post_in_our_words():
    post = read({"post": a_post(), "via": "mention"})
    assert isinstance(post, IncomingPost)
    assert (post.external_id, post.platform_id, post.form, post.text) == (URI, URI, "post", "Grüße @lumora.example")
    assert (post.author.external_id, post.author.handle, post.author.name) == (MARA, "mara.bsky.example", "Mara V")
    assert post.created_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert (post.mentions_us, post.is_own, post.is_public, post.language_hint) == (True, False, True, "de")
    assert post.url == f"https://bsky.app/profile/{MARA}/post/3kabc" == PLATFORM.deep_link(URI, "@mara")
    assert (post.conversation_id, post.root_id, post.in_reply_to) == (URI, URI, "")


@pytest.mark.parametrize("context", [US, SEARCH])
def test_a_mention_is_a_facet_in_bytes_not_a_word(context):
    assert read({"post": a_post()}, context).mentions_us
    assert not read({"post": a_post({"facets": []})}, context).mentions_us
    assert not read({"post": a_post({"facets": [mention("did:plc:other", 0, 5)]})}, context).mentions_us


@pytest.mark.parametrize(
    "index", [{}, {"byteStart": -4, "byteEnd": 2}, {"byteStart": 3, "byteEnd": 4}, {"byteStart": "8"}]
)
def test_a_facet_that_points_nowhere_is_no_mention_and_no_error(index):
    facet = {**mention("did:plc:other", 0, 0), "index": index}
    assert not read({"post": a_post({"facets": [facet]})}, SEARCH).mentions_us


def test_a_reply_knows_its_parent_its_root_and_what_it_answers():
    reply = {"root": {"uri": OURS, "cid": "b"}, "parent": {"uri": OURS, "cid": "b"}}
    ours = {"uri": OURS, "author": {"did": "did:plc:lumora", "handle": "lumora.example"}, "record": {"text": "Sale"}}
    post = read({"post": a_post({"reply": reply}), "via": "reply", "context": [ours]})
    assert (post.form, post.in_reply_to, post.root_id, post.conversation_id) == ("reply", OURS, OURS, OURS)
    told = {"author_id": "did:plc:lumora", "text": "Sale", "author_handle": "lumora.example"}
    assert post.beside["context"] == [{"relation": "replied_to", "id": OURS, **told}]


@pytest.mark.parametrize(
    ("view", "why"),
    [({"uri": OURS, "notFound": True}, "deleted"), ({"uri": OURS, "blocked": True}, "blocked"), (None, "not_told")],
)
def test_a_parent_that_cannot_be_shown_says_why(view, why):
    reply = {"root": {"uri": OURS, "cid": "b"}, "parent": {"uri": OURS, "cid": "b"}}
    post = read({"post": a_post({"reply": reply}), "context": [view] if view else []})
    assert post.beside["context"] == [{"relation": "replied_to", "id": OURS, "missing": why}]


@pytest.mark.parametrize(
    "embed",
    [
        {"$type": "app.bsky.embed.record", "record": {"uri": OURS, "cid": "b"}},
        {"$type": "app.bsky.embed.recordWithMedia", "record": {"record": {"uri": OURS, "cid": "b"}}, "media": {}},
    ],
)
def test_a_quote_of_ours_is_a_quote_with_or_without_media(embed):
    post = read({"post": a_post({"embed": embed})})
    assert post.quotes_us and post.form == "quote"


def test_our_own_post_is_ours_by_did_or_by_handle():
    author = {"did": "did:plc:lumora", "handle": "lumora.example"}
    own = a_post(uri=OURS, author=author)
    for context in (US, SEARCH):
        post = read({"post": own, "via": "search"}, context)
        assert post.is_own and not post.mentions_us


def test_the_earlier_of_the_claimed_time_and_of_first_sight_counts():
    future = read({"post": a_post({"createdAt": "2031-01-01T00:00:00Z"})})
    nonsense = read({"post": a_post({"createdAt": "yesterday"})})
    assert future.created_at == nonsense.created_at == datetime(2026, 11, 20, 9, 30, 4, tzinfo=UTC)


def test_media_keep_kind_address_and_words():
    images = {
        "$type": "app.bsky.embed.images#view",
        "images": [{"fullsize": "https://cdn.example/1", "alt": "a crack"}],
    }
    video = {"$type": "app.bsky.embed.video#view", "thumbnail": "https://cdn.example/t"}
    link = {"$type": "app.bsky.embed.external#view", "external": {"uri": "https://x.example", "title": "T"}}
    both = {"$type": "app.bsky.embed.recordWithMedia#view", "media": images}
    found = [
        [(each.kind, each.url, each.alt_text) for each in read({"post": a_post(embed=view)}).attachments]
        for view in (images, video, link, both)
    ]
    picture = [("image", "https://cdn.example/1", "a crack")]
    assert found == [
        picture, [("video", "https://cdn.example/t", "")], [("link", "https://x.example", "T")], picture,
    ]  # fmt: skip


def test_a_bare_record_still_tells_what_hangs_on_it():
    embed = {"$type": "app.bsky.embed.images", "images": [{"image": {"ref": {"$link": "b"}}, "alt": "a crack"}]}
    post = read({"post": a_post({"embed": embed, "text": ""})})
    assert [(each.kind, each.url, each.alt_text) for each in post.attachments] == [("image", "", "a crack")]


def test_a_post_that_moderation_hides_is_withheld():
    labels = [{"val": "!hide"}]
    assert read({"post": a_post(labels=labels)}) == IncomingDeletion("bluesky", URI, reason="withheld")
    taken_back = [{"val": "!hide"}, {"val": "!hide", "neg": True}]
    assert isinstance(read({"post": a_post(labels=taken_back)}), IncomingPost)


def test_bots_and_verified_people_are_known_and_broken_handles_are_not():
    labels, verification = [{"val": "bot"}], {"verifiedStatus": "valid"}
    author = {"did": MARA, "handle": "handle.invalid", "labels": labels, "verification": verification}
    told = read({"post": a_post(author=author)}).author
    assert (told.handle, told.is_automated, told.is_verified) == ("", True, True)


def a_message(**changes):
    sender = {"did": MARA}
    return {"id": "3kmsg", "rev": "3k", "text": "hello", "sender": sender, "sentAt": "2026-11-20T09:30:00Z", **changes}


CONVO = {"id": "3kconvo", "members": [{"did": "did:plc:lumora"}, {"did": MARA, "handle": "mara.bsky.example"}]}


def test_a_message_is_private_and_knows_its_conversation():
    post = read({"message": a_message(), "convo": CONVO}, kind="message")
    assert (post.form, post.is_public, post.is_own, post.conversation_id) == ("direct_message", False, False, "3kconvo")
    assert post.author.handle == "mara.bsky.example"


def test_our_own_message_names_its_recipient():
    post = read({"message": a_message(sender={"did": "did:plc:lumora"}), "convo": CONVO}, kind="message")
    assert post.is_own and post.beside == {"recipient_id": MARA}


def test_a_shared_post_is_an_attachment():
    embed = {"$type": "app.bsky.embed.record#view", "record": {"uri": URI}}
    post = read({"message": a_message(text="", embed=embed), "convo": CONVO}, kind="message")
    assert post.attachments[0].url == f"https://bsky.app/profile/{MARA}/post/3kabc"


def test_deleted_and_system_messages():
    deleted = a_message(**{"$type": "chat.bsky.convo.defs#deletedMessageView"})
    system = a_message(**{"$type": "chat.bsky.convo.defs#systemMessageView"})
    assert read({"message": deleted, "convo": CONVO}, kind="message") == IncomingDeletion("bluesky", "3kmsg")
    assert isinstance(read({"message": system, "convo": CONVO}, kind="message"), IncomingNotice)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("post", {}),
        ("post", {"post": a_post(uri="at://mara/app.bsky.feed.like/3k")}),
        ("post", {"post": a_post(record={"text": 1.5})}),
        ("message", {"message": a_message()}),
        ("message", {"message": a_message(id=None), "convo": CONVO}),
        ("deletion", {}),
    ],
)
def test_what_cannot_be_understood_is_malformed(kind, body):
    with pytest.raises(MalformedPayloadError):
        read(body, kind=kind)


def test_an_unknown_kind_is_counted():
    assert read({}, kind="starter_pack") == IncomingNotice("unknown_update", {"kind": "starter_pack"})
