"""What this room stores of people: that somebody was erased, never who."""

COLUMNS = {
    "DeletionRequest.code": "kept: made by us, for the person who asked",
    "DeletionRequest.last_error": "kept: a code",
    "DeletionRequest.proof": "kept: counts",
    "DeletionRequest.request_hash": "kept: salted hash, so that the same request is recognised",
    "DeletionRequest.sender": "kept: a code",
    "DeletionRequest.user_id": "kept: the id by which the platform asks, emptied as soon as the deletion is done",
    "Erasure.key_hash": "kept: salted hash, so that a second request is recognised",
    "Erasure.source": "kept: a code",
    "Erasure.proof": "kept: counts",
}
