"""Writes the .npy and .npz fixtures with NumPy: python3 make.py. Element i of an array is i mod 100."""
import io
import pathlib
import zipfile

import numpy as np
from numpy.lib import format as npy

here = pathlib.Path(__file__).parent


def counting(shape, dtype):
    return (np.arange(np.prod(shape)) % 100).reshape(shape).astype(dtype)


for name in "u1 i1 b1 i2 u2 i4 u4 i8 u8 f2 f4 f8".split():
    np.save(here / f"{name}.npy", counting((3, 2, 4), name))
np.save(here / "big_endian_f4.npy", counting((3, 2, 4), ">f4"))
np.save(here / "fortran.npy", np.asfortranarray(counting((3, 2, 4), "f4")))
np.save(here / "scalar.npy", np.float32(1))
np.save(here / "empty.npy", np.zeros((0, 4), "f4"))
np.save(here / "complex.npy", np.zeros((2, 2), "c8"))
np.save(here / "record.npy", np.zeros(2, [("a", "i4"), ("b", "f4")]))
for version in ((1, 0), (2, 0), (3, 0)):
    with open(here / f"version{version[0]}.npy", "wb") as file:
        npy.write_array(file, counting((3, 2, 4), "f4"), version)
np.savez(here / "stored.npz", images=counting((3, 2, 4), "u1"))
np.savez_compressed(here / "deflated.npz", images=counting((3, 2, 4), "u1"), labels=np.array([2, 0, 1], "i8"))
