import pytest

from gateway.logs import mask


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("5491122334455", "5491****55"),
        ("true_5491122334455@c.us_3EB0A1B2C3D4E5F60718", "true_5491****55@c.us_3EB0A1B2C3D4E5F60718"),
        ("from +54911 and 5491122334455, 4915112345678", "from +54911 and 5491****55, 4915****78"),
        ("client 2147483", "client 2147483"),
        ("01JD0000000000000000000000", "01JD0000000000000000000000"),
        ("", ""),
    ],
)
def test_only_what_may_be_a_phone_number_is_masked(text: str, seen: str) -> None:
    assert mask(text) == seen
