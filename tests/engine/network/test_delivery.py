"""Messages arrive: exactly once, in order, as they were sent."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Actor, Context, GraphError, InputError, Network, NetworkError, Outputs, Port
from tests.engine.fakes import chain, network_of


async def test_the_example_of_the_public_api_runs() -> None:
    network = network_of()
    network.add_node("a", "double")
    network.add_node("b", "double")
    network.add_connection("a", "out", "b", "in")
    network.add_initial("a", "in", 21)
    network.add_outport("result", "b", "out")

    result = await network.run()

    assert result.outputs == {"result": [84]}
    assert (result.status, result.nodes_executed, result.nodes_failed) == ("completed", 2, 0)


@pytest.mark.parametrize(
    ("component", "step"),
    [("pass", 0), ("async_pass", 0), ("increment", 1), ("increment_all", 1)],
)
async def test_every_style_keeps_order_and_loses_nothing(component: str, step: int) -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 5_000})
    chain(network, *[component] * 5)
    network.add_connection("source", "out", "n0", "in")

    result = await network.run()

    assert result.outputs["result"] == [number + 5 * step for number in range(5_000)]


async def test_fan_out_gives_every_receiver_every_message() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 300})
    for name in ("x", "y", "z"):
        network.add_node(name, "pass")
        network.add_connection("source", "out", name, "in")
        network.add_outport(name, name, "out")

    result = await network.run()

    numbers = list(range(300))
    assert result.outputs == {"x": numbers, "y": numbers, "z": numbers}


async def test_fan_in_interleaves_without_loss_and_keeps_each_order() -> None:
    network = network_of()
    network.add_node("merge", "pass")
    network.add_outport("out", "merge", "out")
    for index in range(3):
        network.add_node(f"s{index}", "numbers", {"count": 400})
        network.add_node(f"tag{index}", "tag", {"name": f"s{index}"})
        network.add_connection(f"s{index}", "out", f"tag{index}", "in")
        network.add_connection(f"tag{index}", "out", "merge", "in")

    outputs = (await network.run()).outputs["out"]

    assert len(outputs) == 1_200
    for index in range(3):
        assert [n for name, n in outputs if name == f"s{index}"] == list(range(400))


async def test_a_join_pairs_the_nth_with_the_nth() -> None:
    network = network_of()
    network.add_node("source", "numbers", {"count": 2_000})
    network.add_node("slow", "async_pass")
    network.add_node("join", "join")
    network.add_connection("source", "out", "slow", "in")
    network.add_connection("source", "out", "join", "a")
    network.add_connection("slow", "out", "join", "b")
    network.add_outport("pairs", "join", "out")

    result = await network.run()

    assert result.outputs["pairs"] == [[number, number] for number in range(2_000)]


async def test_what_a_join_cannot_pair_is_counted_and_told() -> None:
    network = network_of()
    network.add_node("join", "join")
    for value in (1, 2, 3):
        network.add_initial("join", "a", value)
    network.add_initial("join", "b", 10)
    events: list[Any] = []

    result = await network.run(on_event=events.append)

    assert result.outputs == {"join.out": [[1, 10]]}
    assert result.undelivered == {"join.a": 2}
    assert result.status == "completed"
    assert [event.ports for event in events if event.type == "MessagesUndelivered"] == [
        {"join.a": 2}
    ]


async def test_undelivered_messages_fail_a_graph_that_says_so() -> None:
    network = network_of()
    network.graph.properties["onUndelivered"] = "fail"
    network.add_node("join", "join")
    network.add_inport("b", "join", "b")
    network.add_initial("join", "a", 1)

    result = await network.run()

    assert (result.status, result.code) == ("failed", "undelivered")
    assert result.error == "messages were left at join.a (1)"


async def test_more_initial_packets_than_the_buffer_holds_all_arrive() -> None:
    network = network_of()
    chain(network, "pass")
    for number in range(3_000):
        network.add_initial("n0", "in", number)

    result = await network.run()

    assert result.outputs["result"] == list(range(3_000))


async def test_inputs_go_to_graph_inports() -> None:
    network = network_of()
    chain(network, "pass", "pass")
    network.add_inport("value", "n0", "in")

    result = await network.run({"value": {"type": "Integer", "data": 7}})

    assert result.outputs == {"result": [7]}


async def test_wrong_inputs_are_all_named() -> None:
    network = network_of()
    chain(network, "double")
    network.add_inport("number", "n0", "in")

    with pytest.raises(InputError) as caught:
        await network.run({"numbre": 1, "number": "text"})

    assert [(item.where, item.code, item.hint) for item in caught.value.problems] == [
        ("input 'numbre'", "unknown_inport", "did you mean 'number'?"),
        ("input 'number'", "type_mismatch", ""),
    ]


async def test_without_outports_the_last_nodes_give_the_result() -> None:
    network = network_of()
    network.add_node("a", "pass")
    network.add_node("b", "pass")
    network.add_connection("a", "out", "b", "in")
    network.add_initial("a", "in", "x")

    assert (await network.run()).outputs == {"b.out": ["x"]}


async def test_a_receiver_cannot_change_what_others_see() -> None:
    class Spoil(Actor):
        component = "spoil"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            ctx.inputs["in"]["list"].append(4)
            return None

    network = network_of(Spoil)
    network.add_node("source", "pass")
    network.add_node("spoil", "spoil")
    network.add_node("other", "pass")
    network.add_connection("source", "out", "spoil", "in")
    network.add_connection("source", "out", "other", "in")
    network.add_outport("out", "other", "out")
    network.add_initial("source", "in", {"list": [1, 2, 3]})

    result = await network.run()

    assert result.outputs == {"out": [{"list": [1, 2, 3]}]}
    assert "FrozenList is immutable" in result.error


async def test_a_sender_that_keeps_its_list_cannot_change_the_message() -> None:
    class Keep(Actor):
        component = "keep"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            kept = [ctx.inputs["in"]]
            ctx.emit("out", kept)
            kept.append("late")
            return {"out": kept}

    network = network_of(Keep)
    chain(network, "keep")
    network.add_initial("n0", "in", "early")

    result = await network.run()

    assert result.outputs == {"result": [["early"], ["early", "late"]]}


async def test_state_is_private_to_the_node() -> None:
    class Count(Actor):
        component = "count"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            ctx.state["n"] = ctx.state.get("n", 0) + 1
            return {"out": ctx.state["n"]}

    network = network_of(Count)
    for name, packets in (("x", 2), ("y", 3)):
        network.add_node(name, "count")
        network.add_outport(name, name, "out")
        for _ in range(packets):
            network.add_initial(name, "in", None)

    assert (await network.run()).outputs == {"x": [1, 2], "y": [1, 2, 3]}


async def test_none_and_missing_ports_send_nothing_and_a_none_value_sends_null() -> None:
    class Choose(Actor):
        component = "choose"
        inports = (Port("in"),)
        outports = (Port("x"), Port("y"))

        def process(self, ctx: Context) -> Outputs:
            return {"nothing": None, "null": {"x": None}, "y": {"y": 1}}[ctx.inputs["in"]]

    network = network_of(Choose)
    network.add_node("choose", "choose")
    for value in ("nothing", "null", "y"):
        network.add_initial("choose", "in", value)

    assert (await network.run()).outputs == {"choose.x": [None], "choose.y": [1]}


async def test_emitted_messages_leave_before_the_returned_one_of_the_same_firing() -> None:
    class Emit(Actor):
        component = "emit"
        inports = (Port("in"),)
        outports = (Port("out"),)

        def process(self, ctx: Context) -> Outputs:
            number = ctx.inputs["in"]
            ctx.emit("out", number)
            ctx.emit("out", number + 0.1)
            return {"out": number + 0.2}

    network = network_of(Emit)
    chain(network, "emit")
    for number in (1, 2):
        network.add_initial("n0", "in", number)

    assert (await network.run()).outputs == {"result": [1, 1.1, 1.2, 2, 2.1, 2.2]}


async def test_messages_can_be_sent_into_a_running_network_and_read_from_it() -> None:
    network = network_of()
    chain(network, "double", "async_pass")
    network.add_inport("in", "n0", "in")

    async with network:
        results = network.results("result")
        for number in range(3):
            await network.send("in", number)
        answers = [await anext(results) for _ in range(3)]
        await network.wait_idle()

    assert answers == [0, 2, 4]
    assert [message async for message in results] == []


async def test_a_network_runs_once() -> None:
    network = network_of()
    chain(network, "pass")
    await network.run()

    with pytest.raises(NetworkError, match="runs once"):
        await network.run()


async def test_a_graph_that_cannot_run_starts_nothing_and_names_every_problem() -> None:
    network = network_of()
    network.add_node("a", "dubble")
    network.add_node("b", "double", {"fast": True})
    network.add_connection("b", "oot", "c", "in")

    with pytest.raises(GraphError) as caught:
        await network.run()

    assert {(item.node, item.hint) for item in caught.value.problems} >= {
        ("a", "did you mean 'double'?"),
        ("b", "did you mean 'out'?"),
    }
    assert any("is not a setting" in item.message for item in caught.value.problems)


async def test_an_unknown_outport_cannot_be_read() -> None:
    network = network_of()
    chain(network, "pass")

    async with network:
        with pytest.raises(NetworkError, match=r"no outport 'reslt' .*did you mean 'result'"):
            await anext(network.results("reslt"))


async def test_an_empty_network_completes_at_once() -> None:
    assert (await Network().run()).status == "completed"
