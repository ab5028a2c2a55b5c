#include "coordinator/plan/answers/machine_mix.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <sstream>
#include <stdexcept>

namespace squall::coordinator {

namespace {

constexpr std::uint64_t most_machines = 100'000'000;

std::optional<Money> cost_of_fleet(const std::vector<MeasuredKind>& kinds) {
  Money sum;
  for (const auto& kind : kinds) {
    if (!kind.price) {
      if (kind.count == 0) continue;
      return std::nullopt;
    }
    sum = sum + cost_of(*kind.price, kind.count, hours_a_month);
  }
  return sum;
}

/// The fewest more of one kind; bisection, since spares are the most capable machines whichever
/// those are.
std::uint64_t more_needed(std::vector<MeasuredKind> kinds, std::size_t which, double load,
                          unsigned spare) {
  const std::uint32_t before = kinds[which].count;
  const auto enough = [&](std::uint64_t more) {
    kinds[which].count = static_cast<std::uint32_t>(before + more);
    return serves_without(kinds, spare) >= load * (1 - 1e-9);
  };
  if (enough(0)) return 0;
  std::uint64_t low = 0, high = 1;
  while (!enough(high) && high < most_machines) high *= 2;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

MixMonth month_of(const std::vector<MeasuredKind>& kinds, unsigned month, double load,
                  unsigned spare) {
  MixMonth row;
  row.month = month;
  row.load = load;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    MixAlternative alternative;
    alternative.kind = kinds[i].name;
    alternative.more = more_needed(kinds, i, load, spare);
    auto grown_fleet = kinds;
    grown_fleet[i].count += static_cast<std::uint32_t>(alternative.more);
    alternative.cost = cost_of_fleet(grown_fleet);
    row.alternatives.push_back(std::move(alternative));
  }
  const auto better = [](const MixAlternative& one, const MixAlternative& other) {
    if (one.cost && other.cost && *one.cost != *other.cost) return *one.cost < *other.cost;
    return one.more < other.more;
  };
  const auto best = std::ranges::min_element(row.alternatives, better);
  row.best = static_cast<std::size_t>(best - row.alternatives.begin());
  return row;
}

}  // namespace

double serves_without(const std::vector<MeasuredKind>& kinds, unsigned out) {
  auto by_strength = kinds;
  std::ranges::sort(by_strength, std::greater<>{}, &MeasuredKind::per_machine);
  double served = 0;
  for (const auto& kind : by_strength) {
    const std::uint32_t gone = std::min(out, kind.count);
    out -= gone;
    served += kind.per_machine * (kind.count - gone);
  }
  return served;
}

MixAnswers answer_mix(const std::vector<MeasuredKind>& kinds, const PlanQuestions& questions) {
  assert(!kinds.empty());
  MixAnswers answers;
  answers.serves = serves_without(kinds, 0);
  answers.serves_with_spare = serves_without(kinds, questions.spare);
  answers.cost = cost_of_fleet(kinds);
  if (questions.peak)
    answers.headroom = headroom_of(*questions.peak, answers.serves_with_spare, questions.growth);
  const auto load = questions.wanted ? questions.wanted : questions.peak;
  if (load)
    for (unsigned month = 0; month <= questions.months; ++month)
      answers.months.push_back(
          month_of(kinds, month, grown(*load, questions.growth, month), questions.spare));
  return answers;
}

std::vector<std::pair<std::string, std::uint32_t>> parse_fleet(const std::string& text) {
  std::vector<std::pair<std::string, std::uint32_t>> fleet;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t equals = part.find('=');
    std::uint32_t count = 0;
    const char* const end = part.data() + part.size();
    const char* const begin = equals == std::string::npos ? end : part.data() + equals + 1;
    const auto parsed = std::from_chars(begin, end, count);
    if (equals == 0 || begin == end || parsed.ec != std::errc{} || parsed.ptr != end ||
        count > 1'000'000)
      throw std::invalid_argument(
          "a fleet is kinds of machines and how many, such as gpu-box=4,cpu-box=10; got '" + part +
          "'");
    const std::string name = part.substr(0, equals);
    if (std::ranges::any_of(fleet, [&](const auto& each) { return each.first == name; }))
      throw std::invalid_argument("'" + name + "' is there twice");
    fleet.emplace_back(name, count);
  }
  if (fleet.empty())
    throw std::invalid_argument("a fleet is kinds of machines and how many; got nothing");
  return fleet;
}

}  // namespace squall::coordinator
