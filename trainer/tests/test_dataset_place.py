"""Where a reader is in a dataset: epochs, states, ranks, generations."""

import json
from itertools import islice

import pytest
from campaigns import Campaign
from readers import first_file, name, names, opened, rewrite_manifest

from exemplar_data import ConfigError, DataError

# -- order and place


def test_each_iteration_is_an_epoch_in_an_order_of_its_own(folder):
    dataset, again = opened(folder), opened(folder)
    epochs = [names(dataset) for _ in range(3)]
    assert len({tuple(epoch) for epoch in epochs}) == 3 and len({tuple(sorted(epoch)) for epoch in epochs}) == 1
    again.set_epoch(2)
    assert names(again) == epochs[2]
    plain = opened(folder, shuffle=False)
    assert names(plain) == names(plain) != epochs[0]


def test_an_iteration_left_early_is_begun_anew_and_its_own_end_does_not_count(folder):
    dataset = opened(folder)
    first = iter(dataset)
    peeked = name(next(first))
    whole = names(dataset)
    assert whole[0] == peeked and len(whole) == dataset.total
    with pytest.raises(ConfigError, match="this iteration is over: a newer one has begun"):
        next(first)


@pytest.mark.parametrize("view", ["versions", "groups", "preference"])
def test_a_state_taken_anywhere_goes_on_with_the_very_next_item(folder, view):
    options = {"max_negatives": 3} if view != "versions" else {}
    whole = opened(folder, view, **options)
    states, items = [], []
    for item in whole:
        items.append(item)
        states.append(json.loads(json.dumps(whole.state_dict())))
    second = list(whole)
    step = 7 if view == "groups" else 41
    for place in range(0, len(items), step):
        resumed = opened(folder, view, **options)
        resumed.load_state_dict(states[place])
        rest = list(resumed) if place + 1 < len(items) else []
        assert rest == items[place + 1 :], place
        assert list(islice(resumed, 3)) == second[:3]


def test_no_item_is_lost_or_repeated_when_ranks_come_and_go(folder):
    expected = names(opened(folder))
    for ends in ("ragged", "drop", "pad"):
        state, given = None, []
        for ranks, steps_, batch in ((1, 3, 4), (4, 5, 3), (3, 7, 2), (8, 2, 1), (2, 9999, 4)):
            parts, after = [], []
            for rank in range(ranks):
                dataset = opened(folder, rank=rank, world_size=ranks, ends=ends)
                if state:
                    dataset.load_state_dict(state)
                mine = []
                for turn, rows in enumerate(dataset.batches(batch), 1):
                    mine += names(rows)
                    if turn == steps_:
                        break
                parts.append(mine)
                after.append(dataset.state_dict())
            assert all(state == after[0] for state in after)
            state = json.loads(json.dumps(after[0]))
            given += [parts[place % ranks][place // ranks] for place in range(sum(map(len, parts)))]
            if ends != "ragged":
                assert len({len(part) for part in parts}) == 1
        assert state["epoch"] == 1
        if ends == "ragged":
            assert given == expected
        elif ends == "drop":
            assert given == expected[: len(given)] and 0 <= len(expected) - len(given) < 8
            assert dataset.dropped == len(expected) - len(given) and dataset.padded == 0
        else:
            assert given == (expected + expected)[: len(given)] and 0 <= len(given) - len(expected) < 8
            assert dataset.padded == len(given) - len(expected) and dataset.dropped == 0


def test_ranks_of_torchrun_are_taken_from_the_environment(folder, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    dataset = opened(folder)
    assert names(dataset) == names(opened(folder, rank=0, world_size=1))[1::2]
    assert len(dataset) == dataset.total // 2


def test_a_state_of_another_order_is_refused_naming_the_setting(folder):
    state = opened(folder, seed=3).state_dict()
    with pytest.raises(ConfigError, match="^seed is 4, but the state was taken with 3$"):
        opened(folder, seed=4).load_state_dict(state)
    with pytest.raises(ConfigError, match="^view is 'groups', but the state was taken with 'versions'$"):
        opened(folder, "groups", seed=3).load_state_dict(state)
    with pytest.raises(ConfigError, match="no state of an ExemplarDataset"):
        opened(folder).load_state_dict({"epoch": 1})


# -- generations


def test_a_pinned_generation_stays_and_one_that_follows_takes_up_the_newest_between_epochs(tmp_path):
    Campaign(situations=6, shares=(1, 1)).write(tmp_path, generation=1, pulled=False)
    pinned, newest, following = opened(tmp_path, generation=1), opened(tmp_path), opened(tmp_path, follow=True)
    reading = iter(following)
    next(reading)
    Campaign(situations=9, shares=(1, 1)).write(tmp_path, generation=2, pulled=False)
    assert 1 + len(list(reading)) == 6 * 5
    middle = following.state_dict()
    assert [len(list(each)) for each in (pinned, newest, following)] == [30, 30, 45]
    assert (newest.generation, following.generation) == (1, 2)
    assert middle["generation"] == 1

    resumed = opened(tmp_path)
    assert resumed.generation == 2
    state = {**newest.state_dict(), "epoch": 0, "index": 11}
    resumed.load_state_dict(state)
    assert resumed.generation == 1 and names(resumed) == names(opened(tmp_path, generation=1))[11:]


def test_ranks_that_follow_without_agreeing_are_refused(tmp_path):
    Campaign(situations=6, shares=(1, 1)).write(tmp_path, pulled=False)
    dataset = opened(tmp_path, follow=True, rank=0, world_size=2)
    list(dataset)
    with pytest.raises(ConfigError, match="follow with world_size 2 needs ranks to agree"):
        list(dataset)
    with pytest.raises(ConfigError, match="generation=1 pins one"):
        opened(tmp_path, follow=True, generation=1)


def test_the_newest_generation_is_read_unless_another_is_named_and_its_number_does_not_shape_the_order(tmp_path):
    Campaign(situations=6, shares=(1, 1)).write(tmp_path, generation=9, pulled=False)
    Campaign(situations=8, shares=(1, 1)).write(tmp_path, generation=10, pulled=False)
    newest, earlier = opened(tmp_path), opened(tmp_path, generation=9)
    assert ((newest.generation, newest.total), (earlier.generation, earlier.total)) == ((10, 40), (9, 30))
    with pytest.raises(ConfigError, match="has no generation 11"):
        opened(tmp_path, generation=11)
    Campaign(situations=8, shares=(1, 1)).write(tmp_path, generation=70, pulled=False)
    later = opened(tmp_path)
    assert later.generation == 70 and names(later) == names(newest)


def test_counts_of_the_manifest_are_used_and_without_them_files_are_counted(tmp_path):
    counted, plain = Campaign(situations=20, page_size=4, counted=True), Campaign(situations=20, page_size=4)
    left, right = counted.write(tmp_path / "counted"), plain.write(tmp_path / "plain")
    for view in ("groups", "preference"):
        assert opened(left, view, distinct=False).total == opened(right, view, distinct=False).total > 0
        assert list(opened(left, view)) == list(opened(right, view))
    data = left / "data"
    data.rename(left / "away")
    assert opened(left, "groups").total == 12  # no file was needed
    with pytest.raises(DataError, match="named by the manifest but missing"):
        opened(left, "preference")  # which negatives repeat is in the files alone


def test_a_manifest_that_counts_wrongly_is_found_out_when_the_file_is_read(tmp_path):
    folder = Campaign(situations=6, shares=(1, 1), counted=True).write(tmp_path)
    rewrite_manifest(folder, lambda manifest: first_file(manifest).update(groups=5))
    with pytest.raises(DataError, match="data/train-0-.*: 6 items, the manifest says 5$"):
        list(opened(folder, "groups"))
