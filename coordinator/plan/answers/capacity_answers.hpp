#pragma once
// From the capacity that was measured to machines, months and money. Pure arithmetic; what it takes
// for granted is listed with every answer (assumptions_of).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/plan/answers/price_list.hpp"
#include "coordinator/plan/capacity_findings.hpp"

namespace squall::coordinator {

/// What somebody wants to know; loads are in the unit of the plan.
struct PlanQuestions {
  std::optional<double> wanted{};  // load to be served
  std::optional<double> peak{};    // today's
  double growth = 0;               // a month: 0.08
  unsigned months = 0;
  unsigned spare = 1;                       // machines that may be out: N+1
  std::optional<std::uint32_t> machines{};  // of today's fleet; none: as measured
  std::optional<PriceList> prices{};
  bool extrapolate = false;  // draw the scaling law beyond 1.5 times what was measured
};

/// Machines for a load.
struct MachineCount {
  std::uint64_t serving = 0;  // that carry it
  std::uint64_t spare = 0;
  std::uint64_t total() const { return serving + spare; }
};

struct MonthRow {
  unsigned month = 0;  // 0: now
  double load = 0;
  MachineCount machines{};
  std::optional<Money> cost{};                // of the month
  std::optional<Money> per_million_tokens{};  // of the load, spares included
};

struct FleetAnswer {
  std::uint32_t machines = 0;
  double serves = 0;             // all of them
  double serves_with_spare = 0;  // when so many as may be are out
};

struct Headroom {
  double peak = 0;
  double used = 0;                      // of what the fleet serves, spares set aside; or infinite
  double spare = 0;                     // 1 - used; below 0: too little
  std::optional<double> months_left{};  // until growth has used it up; none: without growth
};

struct CapacityAnswers {
  double per_machine = 0;  // load
  FleetAnswer fleet{};
  std::optional<Headroom> headroom{};
  std::vector<MonthRow> months{};  // 0 … months; empty where nobody says what is to be served
  std::optional<Money> price{};    // of a machine-hour
  std::optional<Money> full_per_million_tokens{};  // of a machine that is fully used
};

/// None where no load is known to be within the limits.
std::optional<CapacityAnswers> answer(const CapacityPlan& plan, const CapacityFindings& findings,
                                      const PlanQuestions& questions);

/// The fewest machines that carry a load, and spares. `per_machine` is above 0.
MachineCount machines_for_load(double load, double per_machine, unsigned spare);

/// Of a fleet that serves so much with its spares out; infinitely used when that is nothing.
Headroom headroom_of(double peak, double serves_with_spare, double growth);

/// After so many months of growth; compound.
double grown(double load, double growth, unsigned months);

/// What the answers rest on, each a sentence.
std::vector<std::string> assumptions_of(const CapacityPlan& plan, const CapacityFindings& findings,
                                        const PlanQuestions& questions);

/// Of an hour of one machine; none without prices, or where the list does not name its kind.
std::optional<Money> price_of(const CapacityPlan& plan, const PlanQuestions& questions);

}  // namespace squall::coordinator
