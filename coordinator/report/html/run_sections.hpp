#pragma once
// The sections of a run's page, in the order in which they stand there. Each takes the whole JSON
// report and writes nothing where the report does not tell of its subject.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "coordinator/pages/page.hpp"

namespace squall::coordinator {

// ---- opening_sections.cpp: what came out
void add_verdict(const nlohmann::json& report, Page& page);
void add_glance(const nlohmann::json& report, Page& page);
void add_thresholds(const nlohmann::json& report, Page& page);

// ---- latency_sections.cpp, latency_charts.cpp: how long it took
void add_latencies(const nlohmann::json& report, Page& page);
void add_phases(const nlohmann::json& report, Page& page);  // cold and warm
void add_categories(const nlohmann::json& report, Page& page);
/// Percentiles over a scale of ever rarer ones, and histograms, of the measured phase.
std::vector<Chart> percentile_charts(const nlohmann::json& report);
std::vector<Chart> histogram_charts(const nlohmann::json& report);
/// None where the report is of a version that does not tell it.
std::vector<Chart> heat_charts(const nlohmann::json& report);

// ---- course_sections.cpp: second by second
void add_course(const nlohmann::json& report, Page& page);
void add_events(const nlohmann::json& report, Page& page);
/// The ends of phases, to be drawn in every chart over time.
std::vector<ChartMark> phase_marks(const nlohmann::json& report);

// ---- account_sections.cpp: what became of each request, and whether it can be believed
void add_ledger(const nlohmann::json& report, Page& page);
void add_errors(const nlohmann::json& report, Page& page);
void add_audit(const nlohmann::json& report, Page& page);

// ---- machine_sections.cpp: where it ran, and what held it back
void add_bottleneck(const nlohmann::json& report, Page& page);
void add_resources(const nlohmann::json& report, Page& page);
void add_machines(const nlohmann::json& report, Page& page);
void add_fabric(const nlohmann::json& report, Page& page);

// ---- origin_sections.cpp: how to run it again, and what the words mean
void add_origin(const nlohmann::json& report, Page& page);
void add_glossary(Page& page);

/// Charts over time share zoom and cursor under this name; of a series so many points are drawn.
inline constexpr const char* time_link = "time";
inline constexpr std::size_t points_drawn = 1200;

}  // namespace squall::coordinator
