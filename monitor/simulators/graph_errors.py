"""How the fake Graph refuses."""


class GraphError(Exception):
    def __init__(self, message: str, code: int, subcode: int | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Asimulated"}
        if subcode is not None:
            self.body["error_subcode"] = subcode
