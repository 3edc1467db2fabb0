"""The order of an epoch and how it is shared out: arithmetic alone, no file is read."""

from itertools import product

import numpy as np
import pytest

from exemplar_data.errors import ConfigError
from exemplar_data.order import Order, random_keys
from exemplar_data.reader import steps
from exemplar_data.share import ENDS, Share

ITEMS = np.array([7, 0, 13, 5, 5, 21, 1, 9, 30, 4, 6, 8])
TOTAL = int(ITEMS.sum())


def order_of(seed=3, epoch=0, shuffle=True, window_files=4, window_bytes=1 << 30, items=ITEMS):
    return Order(items, np.full(len(items), 1000), seed=seed, epoch=epoch, shuffle=shuffle, window_files=window_files, window_bytes=window_bytes)


def read(order, share=None, base=0, end=None, skip=0):
    """Items as (file, place in it) in the order in which a share reads them."""
    found = []
    for step in steps(order, share or Share(), base, order.total if end is None else end, skip):
        ends = np.cumsum(ITEMS[list(step.window.files)])
        for place in step.places:
            number = int(np.searchsorted(ends, place, side="right"))
            found.append((step.window.files[number], int(place - (ends[number - 1] if number else 0))))
    return found


EVERYTHING = [(file, place) for file, count in enumerate(ITEMS) for place in range(count)]


def test_an_epoch_has_every_item_once_and_another_epoch_or_seed_another_order():
    first = read(order_of())
    assert sorted(first) == EVERYTHING
    assert first == read(order_of())
    others = [read(order_of(epoch=1)), read(order_of(seed=4)), read(order_of(shuffle=False))]
    assert all(sorted(other) == EVERYTHING and other != first for other in others)
    assert others[2] == EVERYTHING


def test_the_bits_of_an_order_are_those_of_the_first_release():
    """numpy promises the stream of Philox and of SeedSequence, not that of `permutation`; a resumed run needs the same order after an upgrade."""
    assert random_keys(3, (3, 0, 0, 0)).tolist() == [835510913015652550, 2351201279518840966, 3871509928544327062]
    assert read(order_of())[:6] == [(2, 6), (0, 6), (2, 0), (0, 4), (0, 3), (2, 8)]


def test_a_file_is_in_one_window_alone_and_windows_hold_no_more_than_they_may():
    order = order_of()
    files = [file for window in order.windows for file in window.files]
    assert sorted(files) == [file for file, count in enumerate(ITEMS) if count]
    assert [len(window.files) for window in order.windows] == [2, 4, 4, 1]
    assert all(len(window.files) == 1 for window in order_of(window_bytes=1).windows)
    assert [len(window.files) for window in order_of(window_bytes=2500).windows] == [2, 2, 2, 2, 2, 1]


@pytest.mark.parametrize("base", [0, 1, 40, TOTAL - 1])
def test_an_order_read_from_any_position_is_the_rest_of_the_whole_order(base):
    assert read(order_of(), base=base) == read(order_of())[base:]


@pytest.mark.parametrize(("ranks", "base", "ends"), list(product((1, 2, 3, 8), (0, 17), ENDS)))
def test_what_all_ranks_and_workers_read_is_the_order_itself(ranks, base, ends):
    order, whole = order_of(), read(order_of())
    for workers, batch in ((1, 1), (1, 4), (2, 4), (3, 5)):
        shares = [[Share(rank, ranks, worker, workers, batch) for worker in range(workers)] for rank in range(ranks)]
        end = shares[0][0].end(base, TOTAL, ends)
        of_rank = []
        for mine in shares:
            read_by = [read(order, share, base, end) for share in mine]
            assert [len(found) for found in read_by] == [share.count(base, end) for share in mine]
            batches = [[found[first : first + batch] for first in range(0, len(found), batch)] for found in read_by]
            turns = [batches[turn % workers].pop(0) for turn in range(sum(map(len, batches)))]
            of_rank.append([item for each in turns for item in each])
        alone = [read(order, Share(rank, ranks, batch=batch), base, end) for rank in range(ranks)]
        assert of_rank == alone  # whatever the number of workers
        together = [of_rank[(position - base) % ranks][(position - base) // ranks] for position in range(base, end)]
        assert together == (whole + whole)[base:end]
        if ends != "ragged":
            assert {len(found) % batch for found in of_rank} == {0} and len({len(found) for found in of_rank}) == 1


def test_padding_goes_round_as_often_as_a_large_batch_of_many_ranks_needs():
    few = np.array([2, 1])
    order = Order(few, few, seed=0, epoch=0, shuffle=True, window_files=1, window_bytes=1)
    share = Share(0, 1, batch=8)
    read_files = [step.window.files[0] for step in steps(order, share, 0, share.end(0, 3, "pad"), 0)]
    once = [window.files[0] for window in order.windows]
    assert share.end(0, 3, "pad") == 8 and read_files[:4] == once + once and len(read_files) >= 5


def test_items_that_a_worker_was_given_are_skipped():
    order = order_of()
    for share in (Share(), Share(1, 2), Share(0, 2, 1, 3, 4)):
        whole = read(order, share, 5)
        for skip in range(len(whole) + 1):
            assert read(order, share, 5, skip=skip) == whole[skip:]


def test_batches_mix_the_files_of_their_window_as_chance_would():
    """Neighbours from one file: in a window of 8 equal files 1 in 8; were files read one by one, nearly all."""
    items = np.full(64, 100)
    order = Order(items, items, seed=1, epoch=0, shuffle=True, window_files=8, window_bytes=1 << 40)
    files = []
    for step in steps(order, Share(), 0, order.total, 0):
        if len(step.window.files) == 8:
            files.append(np.array(step.window.files)[step.places // 100])
    same = np.mean(np.concatenate([part[1:] == part[:-1] for part in files]))
    assert len(files) == 7
    assert abs(same - 1 / 8) < 4 * np.sqrt(7 / 64 / 5600)  # four standard errors


def test_every_file_is_equally_often_the_first():
    draws, files = 2200, np.count_nonzero(ITEMS)
    firsts = np.bincount([order_of(seed=seed).windows[0].files[0] for seed in range(draws)], minlength=len(ITEMS))[ITEMS > 0]
    assert np.sum((firsts - draws / files) ** 2) / (draws / files) < 29.6  # 99.9 % point of chi-square for 10 degrees of freedom


@pytest.mark.parametrize("rank", [-1, 2])
def test_a_rank_that_does_not_exist_is_refused(rank):
    with pytest.raises(ConfigError, match="rank must be 0 to 1 where world_size is 2"):
        Share(rank, 2)
