"""What is to be said of a result: a sentence for people with a code for programs."""


class Remark(str):
    """A sentence that also has a `code`, one of those in docs/predictions.md.

    Args:
        code: a word that stays the same however the sentence is put.
        sentence: for people.
    """

    code: str

    def __new__(cls, code: str, sentence: str) -> "Remark":  # noqa: D102
        remark = super().__new__(cls, sentence)
        remark.code = code
        return remark

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """What copies and pickles are made of."""
        return self.code, str(self)

    def to_dict(self) -> dict[str, str]:
        """`{"code", "message"}`."""
        return {"code": self.code, "message": str(self)}

    @classmethod
    def from_dict(cls, values: dict[str, str]) -> "Remark":
        """The remark that `to_dict` gave."""
        return cls(values["code"], values["message"])
