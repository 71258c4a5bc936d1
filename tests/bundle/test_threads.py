"""A predictor that several threads share: the same bits, one thread of BLAS, streams with their own state."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import threadpoolctl
from toys.voices import small_predictor

from sercore import quiet, synth
from sercore.bundle import Listener, Recording

SR = synth.SR


def n_threads():
    """Threads of every BLAS that is loaded."""
    return {
        library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"
    }


@pytest.fixture
def two_threads():
    """BLAS has two threads, as on a computer with two cores."""
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.usefixtures("two_threads")
def test_one_thread_lasts_until_the_last_thread_leaves():
    entered, leave, seen = threading.Barrier(2), threading.Event(), []

    def first():
        with quiet.one_thread():
            entered.wait(5)
            leave.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(5)
    with quiet.one_thread():
        leave.set()
        thread.join()
        seen.append(n_threads())  # the first has left, this one has not
    assert seen == [{1}]
    assert n_threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_eight_threads_predict_the_same_bits_as_one():
    predictor, wave = small_predictor(), Recording.synthetic(("sad", "angry", "happy"), sentences=1).wave
    clips = [wave[start : start + SR] for start in range(0, len(wave) - SR, 4000)]
    serial = [predictor.assess(clip) for clip in clips]
    with ThreadPoolExecutor(8) as pool:
        threads = list(pool.map(predictor.assess, clips))
    assert len({prediction.label for prediction in serial}) > 1
    assert threads == serial
    assert n_threads() == {2}


def test_streams_of_one_predictor_have_their_own_state():
    predictor = small_predictor(speaker_norm=True)
    waves = [Recording.synthetic((emotion,), sentences=2).wave for emotion in ("sad", "angry", "happy")]

    def follow(wave):
        listener, moments = Listener(predictor, SR, seconds=1.0), []
        for start in range(0, len(wave), SR // 4):
            listener.push(wave[start : start + SR // 4])
            moments.append(listener.poll())
        return [moment.prediction.proba for moment in moments if moment], listener.predictor.voice.n_clips

    alone = [follow(wave) for wave in waves]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(follow, waves))
    assert together == alone
    assert all(n_clips > 0 for _, n_clips in alone)
    assert predictor.voice.n_clips == 0
