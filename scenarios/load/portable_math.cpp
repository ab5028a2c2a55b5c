#include "scenarios/load/portable_math.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace squall::scenarios {

namespace {

// ln 2 in two parts: the first has 21 zero bits at its end, so that k * first is exact.
constexpr double ln2_first = 0x1.62e42feep-1;
constexpr double ln2_rest = 0x1.a39ef35793c76p-33;
constexpr double ln2_inverse = 0x1.71547652b82fep+0;
constexpr double half_root = 0x1.6a09e667f3bcdp-1;  // sqrt(1/2)

// 1, 1/3, 1/5 … 1/23 and 1, 1/1!, 1/2! … 1/16!: divided once, by the compiler.
constexpr auto odd_reciprocals = [] {
  std::array<double, 12> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0 / static_cast<double>(2 * i + 1);
  return values;
}();
constexpr auto factorial_reciprocals = [] {
  std::array<double, 17> values{};
  double factorial = 1;  // exact up to 16!
  for (std::size_t n = 0; n < values.size(); ++n) {
    if (n > 0) factorial *= static_cast<double>(n);
    values[n] = 1 / factorial;
  }
  return values;
}();

// 2 pi times (-1)^i (2 pi)^2i / (2i+1)!: Taylor's series of sin(2 pi x) / x in powers of x^2.
constexpr double two_pi = 0x1.921fb54442d18p+2;
constexpr auto sine_terms = [] {
  std::array<double, 13> values{};
  double term = two_pi;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = term;
    const auto n = static_cast<double>(2 * i + 2);
    term = -term * two_pi * two_pi / (n * (n + 1));
  }
  return values;
}();
constexpr double root_of_two_pi_inverse = 0x1.9884533d43651p-2;

// values[0] + values[1] x + values[2] x^2 + …, by Horner's rule.
template <std::size_t size>
double polynomial(const std::array<double, size>& values, double x) {
  double sum = values[size - 1];
  for (std::size_t i = size - 1; i-- > 0;) sum = sum * x + values[i];
  return sum;
}

double normal_density(double x) { return root_of_two_pi_inverse * portable_exp(-x * x / 2); }

// The share above x >= 0. Near the middle by the series of Marsaglia, "Evaluating the normal
// distribution" (2004); far out, where that would cancel, by the continued fraction of Laplace:
// density / (x + 1 / (x + 2 / (x + 3 / …))).
double normal_share_above(double x) {
  if (x < 2.5) {
    double term = x, sum = x;
    for (double n = 3; term > sum * 0x1p-55; n += 2) {
      term *= x * x / n;
      sum += term;
    }
    return 0.5 - sum * normal_density(x);
  }
  double rest = x;
  for (double n = 120; n >= 1; --n) rest = x + n / rest;
  return normal_density(x) / rest;
}

// For share <= 1/2: the x >= 0 above which it lies.
double upper_normal_quantile(double share) {
  // Abramowitz and Stegun, formula 26.2.23, error below 4.5e-4; then Newton's method on the
  // logarithm of the share, which is nearly straight far out.
  const double t = std::sqrt(-2 * portable_log(share));
  double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                     (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  x = std::max(x, 0.0);
  for (int i = 0; i < 4; ++i) {
    const double above = normal_share_above(x);
    x = std::max(0.0, x + portable_log(above / share) * above / normal_density(x));
  }
  return x;
}

}  // namespace

double portable_log(double x) {
  assert(x > 0 && std::isnormal(x));
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // exact; [1/2, 1)
  if (mantissa < half_root) {
    mantissa *= 2;
    --exponent;
  }
  // ln m = 2 atanh(s), s = (m-1)/(m+1), |s| <= 0.172: the term of s^25 is below 1e-19.
  const double s = (mantissa - 1) / (mantissa + 1);
  const double series = polynomial(odd_reciprocals, s * s);
  return exponent * ln2_first + (2 * s * series + exponent * ln2_rest);
}

double portable_exp(double x) {
  x = std::clamp(x, -700.0, 700.0);
  const double k = std::floor(x * ln2_inverse + 0.5);
  const double rest = (x - k * ln2_first) - k * ln2_rest;  // |rest| <= 0.347
  // Taylor's series; the term of rest^17 is below 1e-22. ldexp is exact.
  return std::ldexp(polynomial(factorial_reciprocals, rest), static_cast<int>(k));
}

double sine_of_turns(double turns) {
  double part = turns - std::floor(turns + 0.5);  // exact; [-1/2, 1/2)
  // sin(pi - a) = sin(a) brings the rest to a quarter turn, where the term of x^27 is below 1e-19.
  if (part > 0.25) part = 0.5 - part;
  if (part < -0.25) part = -0.5 - part;
  return std::clamp(part * polynomial(sine_terms, part * part), -1.0, 1.0);
}

double normal_share_below(double x) {
  return x < 0 ? normal_share_above(-x) : 1 - normal_share_above(x);
}

double normal_quantile(double share) {
  assert(share > 0 && share < 1);
  return share < 0.5 ? -upper_normal_quantile(share) : upper_normal_quantile(1 - share);
}

}  // namespace squall::scenarios
