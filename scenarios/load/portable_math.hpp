#pragma once
// Logarithm and exponential made of additions, multiplications and divisions only, so that a seed
// gives the same plan to the last bit on every machine: the C library's own versions may differ by
// one unit in the last place between libraries and between processors.

namespace squall::scenarios {

/// Natural logarithm of x > 0, finite and normal; relative error below 1e-15.
double portable_log(double x);

/// e to the x; x is clamped to [-700, 700] so that the result is always finite and normal.
double portable_exp(double x);

}  // namespace squall::scenarios
