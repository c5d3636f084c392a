"""Numbers that depend only on a seed and a name: every part of the town draws from its own stream.

Separate streams keep the parts apart: more street trees leave the borders where they were.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from gis.arrays import Floats

__all__ = ["SmoothNoise", "Warp", "hash_unit", "stream"]


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Open the random stream of a name.

    Parameters
    ----------
    seed : int
        Any whole number.
    *names : str or int
        What the numbers are for, such as a district code and "streets".

    Returns
    -------
    numpy.random.Generator
        The same one in every process and on every machine.

    Examples
    --------
    >>> int(stream(7, "370211", "trees").integers(100)) == int(stream(7, "370211", "trees").integers(100))
    True
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def hash_unit(keys: NDArray[np.int64], salt: int) -> Floats:
    """Give each key a number in [0, 1) that depends on nothing but the key and the salt.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
    salt : int

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> a = hash_unit(np.array([1, 2, 1]), 5)
    >>> bool(a[0] == a[2]), bool(a[0] != a[1])
    (True, True)
    """
    # The finaliser of splitmix64: cheap, and neighbouring keys come out unrelated.
    word = np.asarray(keys, dtype=np.int64).astype(np.uint64)
    word = word + np.uint64((salt * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word = word ^ (word >> np.uint64(31))
    return (word >> np.uint64(11)).astype(np.float64) / float(1 << 53)


class SmoothNoise:
    """A smooth random surface over the plane with mean 0 and variance near 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    wavelength_m : float
        Typical distance between hills.
    waves : int, default 9
        Sine waves that are added up.

    Examples
    --------
    >>> hills = SmoothNoise(stream(1, "hills"), 3000.0)
    >>> hills(np.array([0.0, 10.0]), np.array([0.0, 0.0])).shape
    (2,)
    """

    def __init__(self, rng: np.random.Generator, wavelength_m: float, *, waves: int = 9) -> None:
        angle = rng.uniform(0, 2 * np.pi, waves)
        number = 2 * np.pi / (wavelength_m * rng.uniform(0.7, 1.5, waves))
        self._kx, self._ky = number * np.cos(angle), number * np.sin(angle)
        self._phase = rng.uniform(0, 2 * np.pi, waves)
        self._scale = float(np.sqrt(2.0 / waves))

    def __call__(self, x: Floats, y: Floats) -> Floats:
        """Evaluate at metres x, y (same shape in and out)."""
        total = np.zeros(np.shape(x))
        for kx, ky, phase in zip(self._kx, self._ky, self._phase, strict=True):
            total += np.sin(kx * x + ky * y + phase)
        return total * self._scale


class Warp:
    """A gentle bending of the plane: moves places by smooth noise, so straight lines come out winding.

    The octaves are chosen by the caller with amplitude well under wavelength / 2 pi; the bending then never
    folds the plane over itself and lines that did not cross before do not cross after.

    Parameters
    ----------
    rng : numpy.random.Generator
    octaves : sequence of (amplitude_m, wavelength_m)

    Examples
    --------
    >>> bend = Warp(stream(1, "bend"), [(50.0, 2000.0)])
    >>> x, y = bend(np.array([0.0]), np.array([0.0]))
    >>> bool(abs(x[0]) < 200)
    True
    """

    def __init__(self, rng: np.random.Generator, octaves: list[tuple[float, float]]) -> None:
        self._octaves = [(amp, SmoothNoise(rng, wave), SmoothNoise(rng, wave)) for amp, wave in octaves]

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Move places at metres x, y."""
        dx, dy = np.zeros(np.shape(x)), np.zeros(np.shape(y))
        for amplitude, east, north in self._octaves:
            dx += amplitude * east(x, y)
            dy += amplitude * north(x, y)
        return x + dx, y + dy
