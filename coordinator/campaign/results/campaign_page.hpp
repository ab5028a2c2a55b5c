#pragma once
// A campaign's report as one HTML file: tables, throughput against latency, figures against what
// was varied.

#include <string>

#include "coordinator/campaign/results/campaign_results.hpp"
#include "coordinator/pages/chart.hpp"

namespace squall::coordinator {

std::string campaign_page(const CampaignResults& results);

/// Throughput across, latency up: a point a cell, and the line of those that no other beats. No
/// series where nothing was measured.
Chart front_chart(const CampaignResults& results);

/// A figure against an axis of numbers: a line for each combination of the other axes, with the
/// range over the repeats as its band.
Chart axis_chart(const CampaignResults& results, const std::string& axis,
                 const std::string& figure);

}  // namespace squall::coordinator
