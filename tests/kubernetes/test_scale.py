"""A thousand pods: the deployer brings them up and down, within bounds of memory. The pods are
played by kwok, their agents by a stand-in; what is tested is the runner's side, the product's own.

SWB_DRIVE_SITE is the program that drives the deployer.
"""
import os
import unittest

import scale

PODS = 1000
MEMORY_BYTES = 200e6


class Scale(unittest.TestCase):
    def test_a_thousand_pods_come_up_and_go_within_memory(self):
        with scale.fake_cluster(10) as folder:
            code, figures, complaints = scale.drive(folder, PODS)
            self.assertEqual(code, 0, complaints)
            self.assertEqual(complaints, "")
            self.assertEqual(scale.objects(), [])
        print(f"up {figures['up']:.1f} s, closed {figures['closed']:.1f} s, "
              f"{figures['peak'] / 1e6:.0f} MB")
        if not os.environ.get("SWB_SANITIZED"):  # they have memory of their own
            self.assertLess(figures["peak"], MEMORY_BYTES)


if __name__ == "__main__":
    scale.enter_namespace()
    unittest.main(verbosity=2)
