#include "scenarios/schema/metric.hpp"

#include <cassert>

namespace squall::scenarios {

namespace {

// describe() indexes the table by the enumerator, so both must be in one order.
constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < metric_table.size(); ++i) {
    if (static_cast<std::size_t>(metric_table[i].metric) != i) return false;
    if ((metric_table[i].kind == MetricKind::duration) != (i < duration_metric_count)) return false;
  }
  return true;
}
static_assert(table_is_in_order());

}  // namespace

const MetricDescription& describe(Metric metric) {
  const auto index = static_cast<std::size_t>(metric);
  assert(index < metric_table.size());
  return metric_table[index];
}

std::optional<Metric> find_metric(std::string_view name) {
  for (const MetricDescription& description : metric_table) {
    if (description.name == name) return description.metric;
  }
  return std::nullopt;
}

}  // namespace squall::scenarios
