#include "coordinator/plan/law/scaling_law.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "scenarios/load/random.hpp"

namespace squall::coordinator {

namespace {

constexpr std::uint64_t purpose_bootstrap = 0x75736c62;  // "uslb"
constexpr double same_level = 0.02;
constexpr double knee_least = 0.02;  // of the height between chord and curve: less is no bend
constexpr std::size_t knee_steps = 400;

using Row = std::array<double, 3>;

/// Solves the normal equations of the columns in `used` (bits); none where they are dependent.
std::optional<Row> solve(const std::vector<Row>& rows, unsigned used) {
  double matrix[3][4] = {};
  for (const Row& row : rows)
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) matrix[i][j] += row[i] * row[j];
      matrix[i][3] += row[i];  // the right side is 1 everywhere: weights are 1/y
    }
  for (int i = 0; i < 3; ++i)
    if ((used >> i & 1U) == 0) {
      for (int j = 0; j < 4; ++j) matrix[i][j] = 0;
      for (int j = 0; j < 3; ++j) matrix[j][i] = 0;
      matrix[i][i] = 1;
    }
  // Scaled to a unit diagonal, so that a pivot says how dependent a column is.
  double scale[3];
  for (int i = 0; i < 3; ++i) {
    if (matrix[i][i] <= 0) return std::nullopt;
    scale[i] = 1 / std::sqrt(matrix[i][i]);
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) matrix[i][j] *= scale[i] * scale[j];
    matrix[i][3] *= scale[i];
  }
  for (int i = 0; i < 3; ++i) {  // positive semidefinite: no need to choose pivots
    if (matrix[i][i] < 1e-11) return std::nullopt;
    for (int k = i + 1; k < 3; ++k) {
      const double factor = matrix[k][i] / matrix[i][i];
      for (int j = i; j < 4; ++j) matrix[k][j] -= factor * matrix[i][j];
    }
  }
  Row solution{};
  for (int i = 2; i >= 0; --i) {
    double sum = matrix[i][3];
    for (int j = i + 1; j < 3; ++j) sum -= matrix[i][j] * solution[j];
    solution[i] = sum / matrix[i][i];
  }
  for (int i = 0; i < 3; ++i) solution[i] *= scale[i];
  return solution;
}

double error_of(const std::vector<Row>& rows, const Row& solution) {
  double sum = 0;
  for (const Row& row : rows) {
    const double miss = 1 - row[0] * solution[0] - row[1] * solution[1] - row[2] * solution[2];
    sum += miss * miss;
  }
  return sum;
}

/// Three columns have seven sets of free ones: the best of those whose solution is not negative is
/// the solution of non-negative least squares.
Row non_negative(const std::vector<Row>& rows) {
  std::optional<Row> best;
  double least = 0;
  for (unsigned used = 1; used < 8; ++used) {
    const auto solution = solve(rows, used);
    if (!solution) continue;
    if (std::ranges::any_of(*solution, [](double value) { return value < 0; })) continue;
    const double error = error_of(rows, *solution);
    if (!best || error < least) {
      best = solution;
      least = error;
    }
  }
  assert(best && (*best)[0] >= 0);
  return *best;
}

double quantile_of(std::vector<double>& values, double p) {
  std::sort(values.begin(), values.end());
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double part = place - static_cast<double>(below);
  return values[below] + part * (values[above] - values[below]);
}

template <class Value>
Interval interval_of(const std::vector<UslCoefficients>& resamples, Value value) {
  std::vector<double> values;
  for (const auto& each : resamples) values.push_back(value(each));
  return {quantile_of(values, 0.025), quantile_of(values, 0.975)};
}

/// Residuals drawn anew onto the fitted curve. Those of a fit are smaller than the errors: they are
/// widened by the root of n / (n - 3).
std::vector<UslCoefficients> resampled(const ScalingLaw& law, std::uint64_t seed,
                                       std::size_t count) {
  const auto n = static_cast<double>(law.points.size());
  const double widen = std::sqrt(n / std::max(n - 3, 1.0));
  scenarios::Random random(seed, purpose_bootstrap);
  std::vector<UslCoefficients> all;
  for (std::size_t i = 0; i < count; ++i) {
    auto points = law.points;
    for (auto& point : points) {
      const auto drawn = static_cast<std::size_t>(random.uniform() * n);
      const double residual = std::max(law.residuals[drawn] * widen, -0.95);
      point.throughput = law.fitted.throughput(point.users) * (1 + residual);
    }
    all.push_back(fit_usl(points));
  }
  return all;
}

std::optional<Interval> peak_interval(const std::vector<UslCoefficients>& resamples) {
  std::vector<double> peaks;
  for (const auto& each : resamples)
    if (const auto peak = each.peak()) peaks.push_back(*peak);
  if (static_cast<double>(peaks.size()) < 0.975 * static_cast<double>(resamples.size()))
    return std::nullopt;
  return Interval{quantile_of(peaks, 0.025), quantile_of(peaks, 0.975)};
}

}  // namespace

double UslCoefficients::throughput(double users) const {
  return lambda * users / (1 + sigma * (users - 1) + kappa * users * (users - 1));
}

std::optional<double> UslCoefficients::peak() const {
  if (kappa <= 0 || sigma >= 1) return std::nullopt;
  return std::sqrt((1 - sigma) / kappa);
}

Interval ScalingLaw::band(double users) const {
  return interval_of(resamples, [&](const auto& each) { return each.throughput(users); });
}

std::size_t levels_of(const std::vector<LevelPoint>& points) {
  std::vector<double> users;
  for (const auto& point : points) users.push_back(point.users);
  std::sort(users.begin(), users.end());
  std::size_t levels = 0;
  double last = 0;
  for (const double each : users)
    if (levels == 0 || each > last * (1 + same_level)) {
      ++levels;
      last = each;
    }
  return levels;
}

UslCoefficients fit_usl(const std::vector<LevelPoint>& points) {
  std::vector<Row> rows;
  for (const auto& point : points) {
    const double y = point.users / point.throughput;
    rows.push_back({1 / y, (point.users - 1) / y, point.users * (point.users - 1) / y});
  }
  const Row found = non_negative(rows);
  if (found[0] <= 0) {
    // No user alone would get any time: as small a share as the points allow.
    double least = points.front().users / points.front().throughput;
    for (const auto& point : points) least = std::min(least, point.users / point.throughput);
    const double a = least * 1e-6;
    return {1 / a, found[1] / a, found[2] / a};
  }
  return {1 / found[0], found[1] / found[0], found[2] / found[0]};
}

std::optional<ScalingLaw> fit_scaling_law(std::vector<LevelPoint> points, std::uint64_t seed,
                                          std::size_t resamples) {
  std::erase_if(points, [](const LevelPoint& point) {
    return !(point.users > 0) || !(point.throughput > 0);
  });
  if (levels_of(points) < fewest_levels) return std::nullopt;
  std::ranges::sort(points, {}, &LevelPoint::users);
  ScalingLaw law;
  law.points = std::move(points);
  law.largest = law.points.back().users;
  law.fitted = fit_usl(law.points);
  double square = 0;
  for (const auto& point : law.points) {
    law.residuals.push_back(point.throughput / law.fitted.throughput(point.users) - 1);
    square += law.residuals.back() * law.residuals.back();
  }
  const auto n = static_cast<double>(law.points.size());
  law.spread = std::sqrt(square / std::max(n - 3, 1.0));
  law.resamples = resampled(law, seed, resamples);
  law.lambda = interval_of(law.resamples, [](const auto& each) { return each.lambda; });
  law.sigma = interval_of(law.resamples, [](const auto& each) { return each.sigma; });
  law.kappa = interval_of(law.resamples, [](const auto& each) { return each.kappa; });
  if (law.fitted.peak()) law.peak = peak_interval(law.resamples);
  return law;
}

bool past_the_knee(const std::vector<LevelPoint>& points) {
  double largest = 0, best = 0;
  for (const auto& point : points) {
    largest = std::max(largest, point.users);
    best = std::max(best, point.throughput);
  }
  double before = 0;  // the best of the first three quarters
  for (const auto& point : points)
    if (point.users <= 0.75 * largest) before = std::max(before, point.throughput);
  return best > 0 && best - before < 0.1 * best;
}

std::optional<double> knee_of(const ScalingLaw& law) {
  const double from = law.points.front().users, to = law.largest;
  const double low = law.fitted.throughput(from);
  double high = low;
  const auto at = [&](std::size_t step) {
    return from + (to - from) * static_cast<double>(step) / knee_steps;
  };
  for (std::size_t i = 0; i <= knee_steps; ++i) high = std::max(high, law.fitted.throughput(at(i)));
  if (!(high > low)) return std::nullopt;
  double best = knee_least;
  std::optional<double> knee;
  for (std::size_t i = 1; i < knee_steps; ++i) {
    const double share = static_cast<double>(i) / knee_steps;
    const double height = (law.fitted.throughput(at(i)) - low) / (high - low) - share;
    if (height > best) {
      best = height;
      knee = at(i);
    }
  }
  return knee;
}

}  // namespace squall::coordinator
