"""Who may do what: the table, asked for every role and right, and for people from elsewhere."""

import pytest
from django.contrib.auth.models import AnonymousUser

from monitor.brands.models import Membership, Role, User
from monitor.brands.rights import RIGHTS, ROLES, UnknownRightError, brands_of, can, role_has, role_of

# Written out on purpose: whoever changes a right changes this table too.
TABLE = {
    "view": {"viewer", "analyst", "agent", "lead", "admin"},
    "export": {"analyst", "agent", "lead", "admin"},
    "answer": {"agent", "lead", "admin"},
    "approve": {"lead", "admin"},
    "steer": {"lead", "admin"},
    "manage": {"admin"},
}


def test_the_table_names_every_right():
    assert set(TABLE) == set(RIGHTS)


@pytest.mark.parametrize("right", TABLE)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_rights_of_the_table_and_no_other(role, right):
    assert role_has(role, right) == (role in TABLE[right])


@pytest.mark.parametrize("role", ["", "operator", "ADMIN", "owner"])
def test_what_is_no_role_has_no_right(role):
    assert not any(role_has(role, right) for right in RIGHTS)


def test_a_misspelt_right_is_an_error_and_not_a_no(brand, alice):
    with pytest.raises(UnknownRightError, match="veiw"):
        can(alice, brand, "veiw")


@pytest.mark.django_db
class TestPeople:
    def test_people_have_the_rights_of_their_role_in_their_brand(self, brand, alice, bob):
        assert can(alice, brand, "steer")
        assert can(bob, brand, "answer")
        assert not can(bob, brand, "approve")
        assert not can(alice, brand, "manage")
        assert role_of(bob, brand.pk) == "agent"

    def test_an_outsider_has_no_right_whatever_the_role_elsewhere(self, brand, charlie, other_brand):
        assert can(charlie, other_brand, "manage")
        assert not any(can(charlie, brand, right) for right in RIGHTS)
        assert list(brands_of(charlie)) == [other_brand]

    def test_nobody_who_left_has_a_right(self, brand, alice):
        alice.is_active = False
        assert not any(can(alice, brand, right) for right in RIGHTS)
        assert not brands_of(alice).exists()

    def test_a_stranger_has_no_right(self, brand):
        assert not any(can(AnonymousUser(), brand, right) for right in RIGHTS)
        assert not brands_of(AnonymousUser()).exists()
        assert not can(User(email="x@example.com", is_operator=True), brand, "view")

    def test_an_operator_sees_and_may_everything(self, brand, other_brand):
        operator = User.objects.create_user("root@example.com", is_operator=True)
        assert all(can(operator, each, right) for each in (brand, other_brand) for right in RIGHTS)
        assert set(brands_of(operator)) == {brand, other_brand}
        operator.is_active = False
        assert not can(operator, brand, "view")

    def test_brands_can_be_asked_for_by_right(self, brand, other_brand, bob):
        Membership.objects.create(user=bob, brand=other_brand, role=Role.VIEWER)
        assert set(brands_of(bob)) == {brand, other_brand}
        assert list(brands_of(bob, "answer")) == [brand]
        assert not brands_of(bob, "manage").exists()
