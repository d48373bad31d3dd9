from __future__ import annotations

from simpy import Environment

from accelsim.hardware.tokens import Tokens
from accelsim.program.operations import Token
from tests.hardware.bench import Bench


def test_what_is_left_out_starts_at_zero() -> None:
    tokens = Tokens(Environment(), {Token.IFMAP_FREE: 2})
    assert {token: counter.count for token, counter in tokens.items() if counter.count} == {Token.IFMAP_FREE: 2}
    assert set(tokens) == set(Token)


def test_given_tokens_add_up_until_they_are_taken() -> None:
    tokens = Tokens(Environment(), {})
    tokens.give((Token.IFMAP_FULL, Token.WEIGHT_FULL, Token.IFMAP_FULL))
    assert tokens[Token.IFMAP_FULL].count == 2
    assert tokens[Token.WEIGHT_FULL].count == 1


def test_who_waits_has_the_token_in_the_cycle_in_which_it_is_given() -> None:
    bench = Bench()
    taken = bench.take(Token.IFMAP_FULL)
    bench.give(Token.IFMAP_FULL, 3, 3, 8)
    bench.environment.run()
    assert taken == [3, 3, 8]
    assert bench.tokens[Token.IFMAP_FULL].count == 0


def test_who_waits_leaves_other_tokens_alone() -> None:
    bench = Bench()
    taken = bench.take(Token.IFMAP_FULL)
    bench.give(Token.WEIGHT_FULL, 3)
    bench.environment.run()
    assert taken == []
    assert bench.tokens[Token.WEIGHT_FULL].count == 1
