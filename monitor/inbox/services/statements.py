"""The SQL of the store path. Brand, channel and arrival are constants of a batch; the rest comes by COPY.

Rows that are in the table already and would not change are left out before the upsert: a re-read locks nothing.
"""

from monitor.inbox.rows import POST_COLUMNS

MAKE_TABLE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS ingest_post ("
    + ", ".join(f"{name} {kind}" for name, kind in POST_COLUMNS)
    + ") ON COMMIT DELETE ROWS"
)
EMPTY_TABLE = "DELETE FROM ingest_post"
COPY_POSTS = f"COPY ingest_post ({', '.join(name for name, _ in POST_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
COPY_JOURNAL = (
    "COPY inbox_rawevent (brand_id, channel_id, platform, kind, external_id, author_ids, post_ids, body_hash, body)"
    " FROM STDIN (FORMAT BINARY)"
)
# The lists of ids are jsonb, written as the bytes that it is made of.
JOURNAL_TYPES = ("int8", "int8", "varchar", "varchar", "varchar", "bytea", "bytea", "bytea", "bytea")

# The same update again (an overlapping re-read, a webhook delivered twice) is journalled once. Only the last days are
# looked at: further back a second line is cheaper than the search.
KNOWN_UPDATES = """
    SELECT body_hash FROM inbox_rawevent
    WHERE channel_id = %s AND external_id = ANY(%s) AND recorded_at > now() - interval '8 days'
"""

BRAND_FACTS = """
    SELECT channel.platform, channel.market_id, brand.language_markets,
        ARRAY(SELECT ARRAY[id::text, code, name] FROM brands_market WHERE brand_id = brand.id),
        EXISTS (SELECT 1 FROM inbox_tombstone WHERE brand_id = brand.id)
    FROM brands_channel AS channel JOIN brands_brand AS brand ON brand.id = channel.brand_id
    WHERE channel.id = %s AND brand.id = %s
    FOR KEY SHARE OF channel, brand
"""

TOMBSTONES = """
    SELECT key_hash, kind, recorded_at FROM inbox_tombstone WHERE key_hash = ANY(%b)
"""

# Words that their author has replaced are nobody's any more. The hash stays: the same update is known when it comes
# again.
FORGET_OLD_WORDS = """
    UPDATE inbox_rawevent SET body = '', post_ids = '[]'
    WHERE external_id = ANY(%(ids)s) AND body <> ''
        AND channel_id IN (SELECT id FROM brands_channel WHERE brand_id = %(brand)s AND platform = %(platform)s)
"""
# So are those that others have quoted.
FORGET_OLD_QUOTES = """
    UPDATE inbox_rawevent SET body = '', post_ids = '[]'
    WHERE post_ids <> '[]' AND post_ids ?| %(ids)s AND brand_id = %(brand)s AND platform = %(platform)s
        AND body <> ''
"""
# Posts that came in words which are not theirs any more. What is only cut off is no other version.
SUPERSEDED = """
    SELECT row.external_id, row.platform_id FROM ingest_post AS row
    CROSS JOIN LATERAL (
        SELECT text, deleted_at, version, platform_version, edited_at FROM inbox_post AS known
        WHERE known.brand_id + 0 = %(brand)s AND known.platform = row.platform
            AND known.external_id = row.external_id LIMIT 1) AS post
    WHERE post.deleted_at IS NULL AND post.text <> row.text
        AND NOT starts_with(post.text, rtrim(row.text, '… '))
        AND (post.version > 1 OR row.platform_version < post.platform_version
            OR coalesce(row.edited_at, '-infinity') < coalesce(post.edited_at, '-infinity'))
"""

UPSERT_AUTHORS = """
    INSERT INTO inbox_author AS old
        (brand_id, platform, external_id, handle, name, followers, is_verified, is_automated, is_opted_out, joined_at)
    SELECT DISTINCT ON (platform, author_key)
        %(brand)s, platform, author_key, author_handle, author_name, author_followers, author_is_verified,
        author_is_automated, coalesce(author_is_opted_out, false), author_joined_at
    FROM ingest_post WHERE author_key <> ''
    ORDER BY platform, author_key, author_is_opted_out IS NULL, created_at DESC NULLS LAST
    ON CONFLICT (brand_id, platform, external_id) DO UPDATE SET
        handle = coalesce(nullif(EXCLUDED.handle, ''), old.handle),
        name = coalesce(nullif(EXCLUDED.name, ''), old.name),
        followers = coalesce(EXCLUDED.followers, old.followers),
        is_verified = EXCLUDED.is_verified,
        is_automated = old.is_automated OR EXCLUDED.is_automated,
        joined_at = coalesce(old.joined_at, EXCLUDED.joined_at)
    WHERE old.erased_at IS NULL AND (
        (EXCLUDED.handle <> '' AND EXCLUDED.handle <> old.handle)
        OR (EXCLUDED.name <> '' AND EXCLUDED.name <> old.name)
        OR (EXCLUDED.followers IS NOT NULL AND EXCLUDED.followers IS DISTINCT FROM old.followers)
        OR EXCLUDED.is_verified <> old.is_verified
        OR (EXCLUDED.is_automated AND NOT old.is_automated)
        OR (old.joined_at IS NULL AND EXCLUDED.joined_at IS NOT NULL))
"""

# Last word counts; only rows that said something about it are looked at.
SET_OPT_OUTS = """
    UPDATE inbox_author AS author SET is_opted_out = said.wants
    FROM (SELECT DISTINCT ON (platform, author_key) platform, author_key, author_is_opted_out AS wants
          FROM ingest_post WHERE author_is_opted_out IS NOT NULL AND author_key <> ''
          ORDER BY platform, author_key, created_at DESC NULLS LAST) AS said
    WHERE author.brand_id = %(brand)s AND author.platform = said.platform AND author.external_id = said.author_key
      AND author.is_opted_out <> said.wants
"""

UPSERT_CONVERSATIONS = """
    INSERT INTO inbox_conversation AS old
        (brand_id, platform, external_id, channel_id, is_public,
         first_post_at, last_post_at, last_inbound_at, last_own_at)
    SELECT %(brand)s, platform, conversation_key, %(channel)s, bool_and(is_public), min(created_at), max(created_at),
        max(created_at) FILTER (WHERE NOT is_own), max(created_at) FILTER (WHERE is_own)
    FROM ingest_post GROUP BY platform, conversation_key ORDER BY platform, conversation_key
    ON CONFLICT (brand_id, platform, external_id) DO UPDATE SET
        channel_id = coalesce(old.channel_id, EXCLUDED.channel_id),
        first_post_at = least(old.first_post_at, EXCLUDED.first_post_at),
        last_post_at = greatest(old.last_post_at, EXCLUDED.last_post_at),
        last_inbound_at = greatest(old.last_inbound_at, EXCLUDED.last_inbound_at),
        last_own_at = greatest(old.last_own_at, EXCLUDED.last_own_at)
    WHERE old.channel_id IS NULL
        OR old.first_post_at IS DISTINCT FROM least(old.first_post_at, EXCLUDED.first_post_at)
        OR old.last_post_at IS DISTINCT FROM greatest(old.last_post_at, EXCLUDED.last_post_at)
        OR old.last_inbound_at IS DISTINCT FROM greatest(old.last_inbound_at, EXCLUDED.last_inbound_at)
        OR old.last_own_at IS DISTINCT FROM greatest(old.last_own_at, EXCLUDED.last_own_at)
"""


def _is_newer(new: str) -> str:
    """Whether `new` tells a later version than `old`: by the platform's counter, else by its time of edit.

    Where a platform tells neither, a poll is believed (it reads what is there now), and from elsewhere only a text
    that goes on where ours was cut off.
    """
    return f"""(CASE
        WHEN {new}.platform_version <> old.platform_version THEN {new}.platform_version > old.platform_version
        WHEN {new}.edited_at IS NOT NULL THEN {new}.edited_at > coalesce(old.edited_at, '-infinity')
        WHEN {new}.text = old.text THEN false
        ELSE %(is_poll)s OR (old.edited_at IS NULL AND length({new}.text) > length(old.text)
                             AND starts_with({new}.text, rtrim(old.text, '… ')))
        END)"""


def _is_edit(new: str) -> str:
    """A version is other words, or another verdict beside them. The same ones with another time are the same edit,
    told twice: a platform pushes when it was made, a poll of some knows only when it was noticed."""
    verdicts = [f"coalesce({new}.extra->'{name}' <> old.extra->'{name}', false)" for name in ("stars", "recommends")]
    return f"({_is_newer(new)} AND ({new}.text <> old.text OR {' OR '.join(verdicts)}))"


def _is_dated_anew(new: str) -> str:
    """The same words, of a later moment: what hangs on the post may be another thing by now."""
    return f"""({new}.text = old.text AND {new}.platform_version >= old.platform_version
        AND {new}.edited_at > coalesce(old.edited_at, '-infinity'))"""


def _is_hidden_otherwise(new: str) -> str:
    """A page that was read before we hid the post tells how it was then: what just changed is believed."""
    return f"""({new}.is_hidden IS NOT NULL AND {new}.is_hidden <> coalesce(old.is_hidden, false)
        AND (old.hidden_changed_at IS NULL OR old.hidden_changed_at < now() - interval '2 minutes'))"""


def _would_change(new: str) -> str:
    return f"""(old.deleted_at IS NULL AND (
        {_is_edit(new)} OR {_is_dated_anew(new)}
        OR {new}.platform_version > old.platform_version
        OR ({new}.is_own AND NOT old.is_own) OR ({new}.own_by = 'us' AND old.own_by <> 'us')
        OR ({new}.mentions_us AND NOT old.mentions_us) OR ({new}.quotes_us AND NOT old.quotes_us)
        OR (old.url = '' AND {new}.url <> '') OR (old.in_reply_to = '' AND {new}.in_reply_to <> '')
        OR (old.created_at IS NULL AND {new}.created_at IS NOT NULL)
        OR (old.author_id IS NULL AND {new}.author_id IS NOT NULL)
        OR (old.arrival = 'import' AND {new}.arrival <> 'import')
        OR ({new}.extra <> '{{}}' AND {new}.extra || old.extra <> old.extra)
        OR {_is_hidden_otherwise(new)}))"""


_EDIT = _is_edit("EXCLUDED")
_DATED_ANEW = _is_dated_anew("EXCLUDED")
_HIDDEN_OTHERWISE = _is_hidden_otherwise("EXCLUDED")

# Rows are looked up one by one through the unique keys, on purpose: a join leaves the choice to statistics, which know
# nothing of a brand that is being filled (seen: 30 times slower). `brand_id + 0` keeps the planner from an index that
# begins with the brand.
# `is_new` and `is_edit` come from RETURNING old and new, so the change log says what really happened.
UPSERT_POSTS = f"""
    WITH incoming AS (
        SELECT row.*,
            (SELECT id FROM inbox_conversation AS thread WHERE thread.brand_id + 0 = %(brand)s
                AND thread.platform = row.platform AND thread.external_id = row.conversation_key) AS conversation_id,
            author.id AS author_id,
            (SELECT customer.market_id FROM inbox_customer AS customer WHERE customer.id = author.customer_id)
                AS customer_market_id
        FROM ingest_post AS row
        LEFT JOIN LATERAL (
            SELECT id, customer_id FROM inbox_author AS known WHERE known.brand_id + 0 = %(brand)s
                AND known.platform = row.platform AND known.external_id = row.author_key LIMIT 1) AS author ON true
    ),
    stored AS (
        INSERT INTO inbox_post AS old
            (public_id, brand_id, channel_id, arrival, platform, external_id, platform_id, conversation_id, author_id,
             form, text, language_hint, url, in_reply_to, attachments, extra, place, market_id, market_source,
             is_public, is_own, own_by, mentions_us, quotes_us, version, platform_version, created_at, edited_at, stage,
             stage_tries, stage_error, deletion_reason, is_hidden, hidden_changed_at)
        SELECT public_id, %(brand)s, %(channel)s, arrival, platform, external_id, platform_id, conversation_id,
            author_id, form, text, language_hint, url, in_reply_to, attachments::jsonb, extra, place,
            coalesce(customer_market_id, market_id),
            CASE WHEN customer_market_id IS NULL THEN market_source ELSE 'customer' END,
            is_public, is_own, own_by, mentions_us, quotes_us, 1, platform_version, created_at, edited_at,
            CASE WHEN is_own THEN 'analyzed' ELSE 'received' END, 0, '', '', is_hidden,
            CASE WHEN is_hidden THEN now() END
        FROM incoming AS new
        WHERE (
            SELECT {_would_change("new")} FROM inbox_post AS old WHERE old.brand_id + 0 = %(brand)s
                AND old.platform = new.platform AND old.external_id = new.external_id) IS NOT FALSE
        ORDER BY platform, external_id
        ON CONFLICT (brand_id, platform, external_id) DO UPDATE SET
            text = CASE WHEN {_EDIT} THEN EXCLUDED.text ELSE old.text END,
            attachments = CASE WHEN {_EDIT} OR ({_DATED_ANEW} AND EXCLUDED.attachments <> '[]')
                THEN EXCLUDED.attachments ELSE old.attachments END,
            -- What is told of the later version counts; what only the other one told stays.
            extra = CASE WHEN {_EDIT} OR {_DATED_ANEW} THEN old.extra || EXCLUDED.extra
                ELSE EXCLUDED.extra || old.extra END,
            language_hint = CASE WHEN {_EDIT} AND EXCLUDED.language_hint <> '' THEN EXCLUDED.language_hint
                ELSE old.language_hint END,
            -- A poll that tells no time saw it by then: what is pushed later and was made earlier is older.
            edited_at = CASE
                WHEN {_EDIT} THEN greatest(
                    coalesce(EXCLUDED.edited_at, CASE WHEN %(is_poll)s THEN %(read_at)s END), old.edited_at)
                WHEN {_DATED_ANEW} THEN EXCLUDED.edited_at ELSE old.edited_at END,
            version = CASE WHEN {_EDIT} THEN old.version + 1 ELSE old.version END,
            platform_id = CASE WHEN {_EDIT} OR EXCLUDED.platform_version > old.platform_version
                THEN EXCLUDED.platform_id ELSE old.platform_id END,
            platform_version = greatest(EXCLUDED.platform_version, old.platform_version),
            is_own = old.is_own OR EXCLUDED.is_own,
            own_by = CASE WHEN 'us' IN (old.own_by, EXCLUDED.own_by) THEN 'us'
                WHEN old.own_by = '' THEN EXCLUDED.own_by ELSE old.own_by END,
            mentions_us = old.mentions_us OR EXCLUDED.mentions_us,
            quotes_us = old.quotes_us OR EXCLUDED.quotes_us,
            url = CASE WHEN old.url = '' THEN EXCLUDED.url ELSE old.url END,
            in_reply_to = CASE WHEN old.in_reply_to = '' THEN EXCLUDED.in_reply_to ELSE old.in_reply_to END,
            created_at = coalesce(old.created_at, EXCLUDED.created_at),
            author_id = coalesce(old.author_id, EXCLUDED.author_id),
            channel_id = CASE WHEN old.channel_id IS NULL OR (old.arrival = 'import' AND EXCLUDED.arrival <> 'import')
                THEN EXCLUDED.channel_id ELSE old.channel_id END,
            arrival = CASE WHEN old.arrival = 'import' THEN EXCLUDED.arrival ELSE old.arrival END,
            is_hidden = CASE WHEN {_HIDDEN_OTHERWISE} THEN EXCLUDED.is_hidden ELSE old.is_hidden END,
            hidden_changed_at = CASE WHEN {_HIDDEN_OTHERWISE} THEN now() ELSE old.hidden_changed_at END,
            stage = CASE WHEN EXCLUDED.is_own AND NOT old.is_own THEN 'analyzed'
                WHEN old.is_own THEN old.stage
                WHEN {_EDIT} THEN 'received' ELSE old.stage END,
            stage_tries = CASE WHEN {_EDIT} THEN 0 ELSE old.stage_tries END,
            stage_error = CASE WHEN {_EDIT} THEN '' ELSE old.stage_error END,
            lease_until = CASE WHEN {_EDIT} THEN NULL ELSE old.lease_until END
        WHERE {_would_change("EXCLUDED")}
        RETURNING WITH (OLD AS before, NEW AS after) after.id AS post_id, after.external_id, after.platform,
            before.id IS NULL AS is_new, after.version > coalesce(before.version, after.version) AS is_edit,
            before.platform_id AS old_platform_id
    ),
    logged AS (
        INSERT INTO inbox_postchange (brand_id, post_id, kind)
        SELECT %(brand)s, post_id, CASE WHEN is_new THEN 'stored' WHEN is_edit THEN 'edited' ELSE 'merged' END
        FROM stored
    ),
    seen AS (
        INSERT INTO inbox_sighting (brand_id, post_id, channel_id, stream, how)
        SELECT %(brand)s, post_id, %(channel)s, %(stream)s, %(how)s FROM stored WHERE is_new
    )
    SELECT post_id, external_id, is_new, is_edit, old_platform_id FROM stored
"""  # noqa: S608 - pieces of this module only

# A post that was there before: noted once for each channel and way (poll, webhook, …), however often it comes. For the
# ledger it tells how: 0 in this way before, 1 in the other way (read or pushed), 2 sent by us, 3 not in this channel.
SIGHT_KNOWN_POSTS = """
    WITH known AS (
        SELECT post.id, NOT row.is_own AND row.arrival = 'live' AS is_live,
            row.created_at < now() - make_interval(secs => %(slow)s) AS is_slow,
            coalesce(
                (SELECT 0 FROM inbox_sighting AS seen WHERE seen.post_id = post.id
                    AND seen.channel_id + 0 = %(channel)s AND seen.how = %(how)s LIMIT 1),
                (SELECT 1 FROM inbox_sighting AS seen WHERE seen.post_id = post.id
                    AND seen.channel_id + 0 = %(channel)s AND seen.how IN ('poll', 'webhook') LIMIT 1),
                (SELECT 2 FROM inbox_sighting AS seen WHERE seen.post_id = post.id
                    AND seen.channel_id + 0 = %(channel)s AND seen.how = 'send' LIMIT 1),
                3) AS came
        FROM ingest_post AS row
        CROSS JOIN LATERAL (
            SELECT id FROM inbox_post AS known WHERE known.brand_id + 0 = %(brand)s AND known.platform = row.platform
                AND known.external_id = row.external_id LIMIT 1) AS post
    ),
    sighted AS (
        INSERT INTO inbox_sighting (brand_id, post_id, channel_id, stream, how)
        SELECT %(brand)s, id, %(channel)s, %(stream)s, %(how)s FROM known WHERE came > 0
    )
    SELECT count(*) FILTER (WHERE came IN (0, 2)), count(*) FILTER (WHERE came = 1), count(*) FILTER (WHERE came = 3),
        count(*) FILTER (WHERE came = 3 AND is_live), count(*) FILTER (WHERE came = 3 AND is_live AND is_slow)
    FROM known
"""

# One statement a batch. A stream's hour has several rows, so that deliveries do not wait for each other's commit.
ADD_TO_LEDGER = """
    INSERT INTO inbox_channelhour AS old
        (channel_id, stream, hour, slot, pushed, found, overtaken, confirmed, slow, duplicates, live)
    VALUES (%(channel)s, %(stream)s, date_trunc('hour', clock_timestamp(), 'UTC'), pg_backend_pid() %% 8,
        %(pushed)s, %(found)s, %(overtaken)s, %(confirmed)s, %(slow)s, %(duplicates)s, %(live)s)
    ON CONFLICT (channel_id, hour, stream, slot) DO UPDATE SET
        pushed = old.pushed + EXCLUDED.pushed, found = old.found + EXCLUDED.found,
        overtaken = old.overtaken + EXCLUDED.overtaken, confirmed = old.confirmed + EXCLUDED.confirmed,
        slow = old.slow + EXCLUDED.slow, duplicates = old.duplicates + EXCLUDED.duplicates,
        live = old.live + EXCLUDED.live
"""

MOVE_CURSOR = """
    UPDATE brands_channelstream
    SET cursor = %(cursor)s, last_post_at = CASE WHEN %(new)s > 0 THEN now() ELSE last_post_at END,
        posts_found = posts_found + %(new)s
    WHERE channel_id = %(channel)s AND name = %(stream)s
        AND (%(lease)s::timestamptz IS NULL OR lease_until = %(lease)s::timestamptz)
"""
