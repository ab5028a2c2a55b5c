#include "coordinator/compare/trend/trend_statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "coordinator/compare/rank_statistics.hpp"
#include "scenarios/load/random.hpp"

namespace squall::coordinator {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t exact_up_to = 60;  // points; beyond, S is as good as normal
constexpr double change_significance = 0.01;
constexpr double normal_975 = 1.959963984540054;

/// The chance of each number of falling pairs in a random order of n different values.
std::vector<double> chances_of_inversions(std::size_t n) {
  std::vector<double> chances{1};
  for (std::size_t i = 2; i <= n; ++i) {
    std::vector<double> next(chances.size() + i - 1, 0);
    for (std::size_t k = 0; k < chances.size(); ++k)
      for (std::size_t j = 0; j < i; ++j) next[k + j] += chances[k] / static_cast<double>(i);
    chances = std::move(next);
  }
  return chances;
}

/// Rising pairs less falling ones.
long long kendall_s(const std::vector<double>& values) {
  long long s = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = i + 1; j < values.size(); ++j)
      s += values[j] > values[i] ? 1 : values[j] < values[i] ? -1 : 0;
  return s;
}

double deviation_of_s(std::size_t count) {
  const auto n = static_cast<double>(count);
  return std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
}

/// Ties make |S| smaller and these chances too large: the answer errs towards "no trend".
double p_of_s(long long s, std::size_t n) {
  const double size = std::abs(static_cast<double>(s));
  if (n > exact_up_to) return std::erfc(std::max(0.0, size - 1) / deviation_of_s(n) / std::sqrt(2));
  const auto chances = chances_of_inversions(n);
  const double pairs = static_cast<double>(n * (n - 1) / 2);
  double p = 0;
  for (std::size_t falling = 0; falling < chances.size(); ++falling)
    if (std::abs(pairs - 2 * static_cast<double>(falling)) >= size) p += chances[falling];
  return std::min(p, 1.0);
}

/// How many of the sorted slopes lie outside at each end; 0: no interval.
std::size_t slopes_outside(std::size_t n, std::size_t slopes) {
  if (n > exact_up_to) {
    const double outside = (static_cast<double>(slopes) - normal_975 * deviation_of_s(n)) / 2;
    return outside < 1 ? 0 : static_cast<std::size_t>(outside);
  }
  const auto chances = chances_of_inversions(n);
  std::size_t k = 0;
  double below = 0;
  while (k < slopes / 2 && below + chances[k] <= 0.025) below += chances[k++];
  return k;
}

/// Sums of distances, so that the energy distance between two parts takes four look-ups.
class Distances {
 public:
  explicit Distances(const std::vector<double>& values)
      : size_(values.size()), sums_((size_ + 1) * (size_ + 1), 0) {
    for (std::size_t i = 0; i < size_; ++i)
      for (std::size_t j = 0; j < size_; ++j)
        at(i + 1, j + 1) = std::abs(values[i] - values[j]) + at(i, j + 1) + at(i + 1, j) - at(i, j);
  }

  /// m n / (m + n) times the energy distance between [0, split) and [split, end).
  double divergence(std::size_t split) {
    const auto n = static_cast<double>(split);
    const auto m = static_cast<double>(size_ - split);
    const double between = at(split, size_) - at(split, split);
    const double first = at(split, split);
    const double second = at(size_, size_) - 2 * at(split, size_) + at(split, split);
    return n * m / (n + m) *
           (2 * between / (n * m) - first / (n * (n - 1)) - second / (m * (m - 1)));
  }

 private:
  double& at(std::size_t i, std::size_t j) { return sums_[i * (size_ + 1) + j]; }

  std::size_t size_;
  std::vector<double> sums_;
};

struct Split {
  std::size_t at = 0;
  double divergence = -infinity;
};

Split best_split(const std::vector<double>& values) {
  Distances distances(values);
  Split best;
  for (std::size_t at = smallest_segment; at + smallest_segment <= values.size(); ++at)
    if (const double found = distances.divergence(at); found > best.divergence) best = {at, found};
  return best;
}

void shuffle(std::vector<double>& values, scenarios::Random& random) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[random.next() % i]);
}

double p_of_split(std::vector<double> values, double divergence, scenarios::Random& random,
                  std::size_t permutations) {
  std::size_t as_far = 0;
  for (std::size_t i = 0; i < permutations; ++i) {
    shuffle(values, random);
    if (best_split(values).divergence >= divergence) ++as_far;
  }
  return static_cast<double>(as_far + 1) / static_cast<double>(permutations + 1);
}

struct Search {
  const std::vector<double>& values;
  scenarios::Random random;
  std::size_t permutations;
  std::vector<ChangePoint> found{};

  /// The parts on both sides of a change share the level that it was found at: each further look
  /// would else add its own chance of a change that is none.
  void in(std::size_t begin, std::size_t end, double significance) {
    if (end - begin < 2 * smallest_segment) return;
    const std::vector<double> part(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                   values.begin() + static_cast<std::ptrdiff_t>(end));
    const Split split = best_split(part);
    if (!(split.divergence > 0)) return;
    // Enough of them for a p well below the level.
    const auto tries = std::max(permutations, static_cast<std::size_t>(4 / significance));
    const double p = p_of_split(part, split.divergence, random, tries);
    if (p > significance) return;
    found.push_back({begin + split.at, p});
    in(begin, begin + split.at, significance / 2);
    in(begin + split.at, end, significance / 2);
  }
};

}  // namespace

Slope theil_sen(const std::vector<double>& values) {
  assert(values.size() >= fewest_for_slope && values.size() <= most_in_series);
  std::vector<double> slopes;
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = i + 1; j < values.size(); ++j)
      slopes.push_back((values[j] - values[i]) / static_cast<double>(j - i));
  std::sort(slopes.begin(), slopes.end());
  Slope slope;
  slope.estimate = median_of(slopes);
  slope.p = p_of_s(kendall_s(values), values.size());
  const std::size_t outside = slopes_outside(values.size(), slopes.size());
  slope.low = outside == 0 ? -infinity : slopes[outside - 1];
  slope.high = outside == 0 ? infinity : slopes[slopes.size() - outside];
  return slope;
}

std::vector<ChangePoint> change_points(const std::vector<double>& values, std::uint64_t seed,
                                       std::size_t permutations) {
  assert(values.size() <= most_in_series);
  Search search{values, scenarios::Random(seed), permutations};
  search.in(0, values.size(), change_significance);
  std::sort(search.found.begin(), search.found.end(),
            [](const auto& a, const auto& b) { return a.first_after < b.first_after; });
  return search.found;
}

std::vector<double> robust_scores(const std::vector<double>& values) {
  std::vector<double> scores(values.size(), 0);
  if (values.empty()) return scores;
  const double middle = median_of(values);
  const double deviation = deviation_of(values);
  if (deviation <= 0) return scores;
  for (std::size_t i = 0; i < values.size(); ++i)
    scores[i] = 0.6745 * (values[i] - middle) / deviation;  // 0.6745: MAD of a normal variable
  return scores;
}

}  // namespace squall::coordinator
