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

// values[0] + values[1] x + values[2] x^2 + …, by Horner's rule.
template <std::size_t size>
double polynomial(const std::array<double, size>& values, double x) {
  double sum = values[size - 1];
  for (std::size_t i = size - 1; i-- > 0;) sum = sum * x + values[i];
  return sum;
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

}  // namespace squall::scenarios
