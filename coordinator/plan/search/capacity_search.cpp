#include "coordinator/plan/search/capacity_search.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace squall::coordinator {

namespace {

constexpr double far_off = 2;        // log odds: nowhere near the limit
constexpr double near_factor = 1.5;  // of a stair when the limit is near
constexpr double same_load = 0.005;  // relative
constexpr double wider = 4;          // than all probed loads, the capacity may lie by this factor
constexpr std::size_t invalid_tries = 2;
constexpr double settled = 1.5;    // ends of the 80 % interval: from here on probes may be long
constexpr double exactness = 0.7;  // of a probe near the capacity, as a share of the precision
constexpr double sure = 0.98;      // that the interval holds the capacity before it is called found

bool same(double one, double other) { return std::abs(one / other - 1) < same_load; }

bool is_far(const LoadProbe& probe) {
  return !probe.excess || probe.excess->beyond || std::abs(probe.excess->value) > far_off;
}

}  // namespace

double soak_load(double capacity, bool whole) {
  const double load = capacity * soak_share;
  return whole ? std::max(1.0, std::floor(load + 1e-9)) : load;
}

std::size_t CapacitySearch::probed() const {
  return static_cast<std::size_t>(std::ranges::count(probes_, ProbeRole::search, &LoadProbe::role));
}

double CapacitySearch::rounded(double load) const {
  const double within = std::clamp(load, rules_.lowest, rules_.highest);
  if (!rules_.whole) return within;
  return std::clamp(std::round(within), std::ceil(rules_.lowest), std::floor(rules_.highest));
}

/// A load that could not be measured twice, nor any above it: the tool was its limit. Where a
/// higher one could be, something else disturbed it, and it says nothing of the target.
bool CapacitySearch::blocked(double load) const {
  std::size_t invalid = 0;
  for (const auto& probe : probes_) {
    if (probe.usable() && probe.load >= load) return false;
    if (!probe.usable() && same(probe.load, load)) ++invalid;
  }
  return invalid >= invalid_tries;
}

/// One that could not be used is tried once more, and one that was unstable though far from any
/// limit: of a hundred steady loads one looks so by chance.
std::optional<double> CapacitySearch::to_repeat() const {
  if (probes_.empty() || probes_.back().role != ProbeRole::search) return std::nullopt;
  const LoadProbe& last = probes_.back();
  if (!last.usable()) return blocked(last.load) ? std::nullopt : std::optional(last.load);
  const bool odd = last.stability.unstable && last.excess && last.excess->value < 0 && is_far(last);
  const bool again = std::ranges::count_if(probes_, [&](const LoadProbe& probe) {
                       return same(probe.load, last.load);
                     }) > 1;
  return odd && !again ? std::optional(last.load) : std::nullopt;
}

CapacitySearch::Bracket CapacitySearch::bracket() const {
  Bracket found;
  for (const auto& probe : probes_) {
    if (!probe.usable() && !blocked(probe.load)) continue;
    const bool missed = !probe.usable() || probe.missed();
    auto& side = missed ? found.missed : found.met;
    if (!side)
      side = probe.load;
    else
      side = missed ? std::min(*side, probe.load) : std::max(*side, probe.load);
    found.lowest = found.lowest > 0 ? std::min(found.lowest, probe.load) : probe.load;
    found.highest = std::max(found.highest, probe.load);
  }
  return found;
}

std::vector<LoadEvidence> CapacitySearch::evidence() const {
  std::vector<LoadEvidence> all;
  for (const auto& probe : probes_) {
    if (!probe.usable()) {
      if (blocked(probe.load)) all.push_back({probe.load, std::nullopt, true});
      continue;
    }
    // What piles up is over the limit by however much the run was long: its figure is no distance.
    const bool figure = probe.excess && !probe.stability.unstable;
    // Without any figure a probe that decided nothing says nothing.
    if (!figure && probe.judgement == ProbeJudgement::undecided) continue;
    all.push_back({probe.load, figure ? probe.excess : std::nullopt, probe.missed()});
  }
  return all;
}

CapacityBelief CapacitySearch::belief(const Bracket& found) const {
  return CapacityBelief(evidence(), found.lowest / wider, found.highest * wider);
}

/// Users are whole: between two numbers there is nothing to be found.
bool CapacitySearch::precise(double low, double middle, double high) const {
  if (rules_.whole && std::floor(low) == std::floor(high)) return true;
  return (high - low) / 2 <= rules_.precision * middle;
}

/// How many probes in a row were far on that side: strides grow.
std::size_t CapacitySearch::comfortable(bool met) const {
  std::size_t count = 0;
  for (const auto& probe : probes_)
    if (probe.usable() && probe.missed() != met && is_far(probe)) ++count;
  return count;
}

CapacitySearch::Step CapacitySearch::climb(const Bracket& found) const {
  const double from = *found.met;
  if (from >= rules_.highest * (1 - same_load))
    return {std::nullopt, "the highest load that may be asked is within the limits"};
  const auto highest = std::ranges::max_element(
      probes_, {}, [](const LoadProbe& probe) { return probe.usable() ? probe.load : 0.0; });
  const std::size_t far = std::min<std::size_t>(comfortable(true), 3);
  const double factor =
      is_far(*highest) ? std::pow(2.0, std::max<std::size_t>(far, 1)) : near_factor;
  return {rounded(std::max(from * factor, rules_.whole ? from + 1 : 0)), {}};
}

CapacitySearch::Step CapacitySearch::descend(const Bracket& found) const {
  const double from = *found.missed;
  if (from <= rules_.lowest * (1 + same_load))
    return {std::nullopt, "the lowest load was not found to be within the limits"};
  const auto lowest = std::ranges::min_element(
      probes_, {}, [](const LoadProbe& probe) { return probe.usable() ? probe.load : HUGE_VAL; });
  const std::size_t far = std::min<std::size_t>(comfortable(false), 3);
  const double factor = lowest->usable() && is_far(*lowest)
                            ? std::pow(2.0, std::max<std::size_t>(far, 1))
                            : near_factor;
  const double next = std::min(from / factor, rules_.whole ? from - 1 : from);
  return {rounded(next), {}};
}

CapacitySearch::Step CapacitySearch::step() const {
  const Bracket found = bracket();
  const bool bracketed = found.met && found.missed;
  if (bracketed) {
    const CapacityBelief where = belief(found);
    const double middle = where.quantile(0.5);
    if (precise(where.quantile((1 - sure) / 2), middle, where.quantile((1 + sure) / 2)))
      return {std::nullopt, "the capacity is known as precisely as was asked"};
  }
  if (probed() >= rules_.at_most)
    return {std::nullopt,
            "no more than " + std::to_string(rules_.at_most) + " probes were allowed"};
  if (const auto again = to_repeat()) return {again, {}};
  if (!found.met && !found.missed)
    return probes_.empty() ? Step{rounded(rules_.start), {}}
                           : Step{std::nullopt, "no probe could be used"};
  if (!found.missed) return climb(found);
  if (!found.met) return descend(found);
  const double middle = belief(found).quantile(0.5);
  // What piled up or could not be measured has no figure that would keep the belief below it.
  const bool beyond = *found.met < *found.missed && middle >= *found.missed * (1 - same_load);
  if (beyond && has_no_figure(*found.missed))
    return {rounded(std::sqrt(*found.met * *found.missed)), {}};
  return {rounded(middle), {}};
}

bool CapacitySearch::has_no_figure(double load) const {
  return std::ranges::none_of(probes_, [&](const LoadProbe& probe) {
    return probe.load == load && probe.usable() && probe.excess && !probe.stability.unstable;
  });
}

std::optional<double> CapacitySearch::next() const { return step().load; }

double CapacitySearch::stretch() const {
  const Bracket found = bracket();
  if (!found.met || !found.missed) return 1;
  const CapacityBelief where = belief(found);
  const double middle = where.quantile(0.5);
  // While it may be anywhere, long probes are wasted.
  if (where.quantile(0.9) / where.quantile(0.1) > settled) return 1;
  // What a probe of usual length is off by, as a share of the load; the nearest one tells.
  const LoadProbe* nearest = nullptr;
  for (const auto& probe : probes_)
    if (probe.usable() && probe.excess && !probe.excess->beyond && probe.usual_window > 0 &&
        (nearest == nullptr ||
         std::abs(std::log(probe.load / middle)) < std::abs(std::log(nearest->load / middle))))
      nearest = &probe;
  if (nearest == nullptr) return 1;
  const double error = nearest->excess->error * std::sqrt(nearest->window / nearest->usual_window) /
                       where.steepness();
  const double times = error / (exactness * rules_.precision);
  return std::clamp(times * times, 1.0, longest_stretch);
}

std::string CapacitySearch::why_ended() const { return step().why_not; }

CapacityEstimate CapacitySearch::estimate() const {
  using Finding = CapacityEstimate::Finding;
  CapacityEstimate result;
  const Bracket found = bracket();
  if (!found.met && !found.missed) return result;
  if (!found.missed) {
    result = {Finding::at_least, *found.met, *found.met, rules_.highest};
    return result;
  }
  const bool any_usable = std::ranges::any_of(probes_, &LoadProbe::usable);
  const bool really_missed = std::ranges::any_of(
      probes_, [](const LoadProbe& probe) { return probe.usable() && probe.missed(); });
  if (!found.met) {
    const bool failed = std::ranges::any_of(probes_, [&](const LoadProbe& probe) {
      return probe.judgement == ProbeJudgement::fail && same(probe.load, *found.missed);
    });
    result.finding = !any_usable ? Finding::unknown : failed ? Finding::none : Finding::undecided;
    result.high = *found.missed;
    return result;
  }
  if (!really_missed) return {Finding::tool_limit, *found.met, *found.met, *found.missed};
  const CapacityBelief where = belief(found);
  const double middle = where.quantile(0.5);
  result.low = where.quantile(0.025);
  result.high = where.quantile(0.975);
  result.capacity = middle;
  result.steepness = where.steepness();
  result.finding = precise(result.low, middle, result.high) ? Finding::found : Finding::imprecise;
  if (rules_.whole) {
    result.capacity = std::max(std::floor(middle), std::ceil(rules_.lowest));
    result.low =
        std::min(std::max(std::floor(result.low), std::ceil(rules_.lowest)), result.capacity);
    result.high = std::max(std::floor(result.high), result.capacity);
  }
  return result;
}

}  // namespace squall::coordinator
