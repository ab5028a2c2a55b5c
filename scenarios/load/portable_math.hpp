#pragma once
// Functions made of additions, multiplications, divisions and square roots only, so that a seed
// gives the same plan to the last bit on every machine: the C library's own versions may differ by
// one unit in the last place between libraries and between processors.

namespace squall::scenarios {

/// Natural logarithm of x > 0, finite and normal; relative error below 1e-15.
double portable_log(double x);

/// e to the x; x is clamped to [-700, 700] so that the result is always finite and normal.
double portable_exp(double x);

/// The sine of an angle counted in turns: sin(2 pi turns); absolute error below 1e-15 for the turns
/// as given. Exactly 0 at whole and half turns, exactly 1 and -1 between them.
double sine_of_turns(double turns);

/// The share of a normal variable of mean 0 and deviation 1 that lies below x; relative error below
/// 1e-13 also far to the left.
double normal_share_below(double x);

/// Its inverse, for 0 < share < 1.
double normal_quantile(double share);

}  // namespace squall::scenarios
