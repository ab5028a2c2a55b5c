#include "coordinator/compare/rank_statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace squall::coordinator {

namespace {

constexpr double outside = 0.05;  // of a 95 % interval, both ends together
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Twice each value's rank from 1 on: twice a mid-rank is a whole number.
std::vector<std::size_t> doubled_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<std::size_t> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = first + 1 + end;
    first = end;
  }
  return ranks;
}

std::vector<std::size_t> ranks_without_ties(std::size_t count) {
  std::vector<std::size_t> ranks(count);
  std::iota(ranks.begin(), ranks.end(), std::size_t{1});
  return ranks;
}

std::size_t sum_of(const std::vector<std::size_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::size_t{0});
}

/// The chance of each sum of `chosen` of the ranks, all choices being equally likely.
std::vector<double> chances_of_choices(const std::vector<std::size_t>& ranks, std::size_t chosen) {
  const std::size_t highest = sum_of(ranks);
  // ways[c][s]: choices of c ranks with the sum s; counts stay below 2^120, exact enough.
  std::vector<std::vector<double>> ways(chosen + 1, std::vector<double>(highest + 1, 0));
  ways[0][0] = 1;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    for (std::size_t c = std::min(i + 1, chosen); c >= 1; --c)
      for (std::size_t s = highest; s >= ranks[i]; --s) ways[c][s] += ways[c - 1][s - ranks[i]];
  std::vector<double>& chances = ways[chosen];
  const double all = std::accumulate(chances.begin(), chances.end(), 0.0);
  for (double& chance : chances) chance /= all;
  return chances;
}

/// The chance of each sum of those ranks whose coin shows heads.
std::vector<double> chances_of_signs(const std::vector<std::size_t>& ranks) {
  const std::size_t highest = sum_of(ranks);
  std::vector<double> chances(highest + 1, 0);
  chances[0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t s = highest; s >= rank; --s) chances[s] += chances[s - rank];
    for (double& chance : chances) chance /= 2;
  }
  return chances;
}

/// The chance of a sum at least as far from the middle as `seen`. `twice_middle` is whole.
double two_sided(const std::vector<double>& chances, std::size_t seen, std::size_t twice_middle) {
  const auto distance = [&](std::size_t sum) {
    return std::llabs(2 * static_cast<long long>(sum) - static_cast<long long>(twice_middle));
  };
  double p = 0;
  for (std::size_t sum = 0; sum < chances.size(); ++sum)
    if (distance(sum) >= distance(seen)) p += chances[sum];
  return std::min(p, 1.0);
}

/// The interval from the sorted differences (or Walsh averages): the k-th smallest to the k-th
/// largest, k as large as the distribution of the tie-free statistic allows. Its closed interval
/// keeps its confidence with ties too.
void set_interval(Shift& shift, const std::vector<double>& sorted,
                  const std::vector<double>& chances, std::size_t lowest_sum) {
  std::size_t k = 0;
  double below = 0;
  while (k < sorted.size() / 2 && below + chances[lowest_sum + k] <= outside / 2)
    below += chances[lowest_sum + k++];
  if (k == 0) {
    shift.low = -infinity;
    shift.high = infinity;
    shift.confidence = 1;
    return;
  }
  shift.low = sorted[k - 1];
  shift.high = sorted[sorted.size() - k];
  shift.confidence = 1 - 2 * below;
}

}  // namespace

Shift shift_between(const std::vector<double>& first, const std::vector<double>& second) {
  assert(!first.empty() && !second.empty());
  assert(first.size() <= most_ranked_values && second.size() <= most_ranked_values);
  std::vector<double> differences;
  for (const double a : first)
    for (const double b : second) differences.push_back(b - a);
  std::sort(differences.begin(), differences.end());
  Shift shift;
  shift.estimate = median_of(differences);

  const std::size_t chosen = second.size();
  const std::size_t all = first.size() + chosen;
  std::vector<double> together = second;
  together.insert(together.end(), first.begin(), first.end());
  const auto ranks = doubled_ranks(together);
  std::size_t seen = 0;
  for (std::size_t i = 0; i < chosen; ++i) seen += ranks[i];
  shift.p = two_sided(chances_of_choices(ranks, chosen), seen, 2 * chosen * (all + 1));
  set_interval(shift, differences, chances_of_choices(ranks_without_ties(all), chosen),
               chosen * (chosen + 1) / 2);
  return shift;
}

Shift shift_of_pairs(const std::vector<double>& differences) {
  assert(!differences.empty() && differences.size() <= most_ranked_values);
  std::vector<double> averages;
  for (std::size_t i = 0; i < differences.size(); ++i)
    for (std::size_t j = i; j < differences.size(); ++j)
      averages.push_back((differences[i] + differences[j]) / 2);
  std::sort(averages.begin(), averages.end());
  Shift shift;
  shift.estimate = median_of(averages);

  std::vector<double> sizes;
  for (const double each : differences) sizes.push_back(std::abs(each));
  const auto ranks = doubled_ranks(sizes);
  std::vector<std::size_t> counted;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (differences[i] == 0) continue;
    counted.push_back(ranks[i]);
    if (differences[i] > 0) seen += ranks[i];
  }
  shift.p = two_sided(chances_of_signs(counted), seen, sum_of(counted));
  set_interval(shift, averages, chances_of_signs(ranks_without_ties(differences.size())), 0);
  return shift;
}

std::vector<double> holm_adjusted(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double highest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    highest = std::max(highest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = highest;
  }
  return adjusted;
}

double median_of(std::vector<double> values) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

double deviation_of(const std::vector<double>& values) {
  const double middle = median_of(values);
  std::vector<double> distances;
  for (const double each : values) distances.push_back(std::abs(each - middle));
  return median_of(std::move(distances));
}

}  // namespace squall::coordinator
