#pragma once
// Reads [matrix] and exclude of a campaign: the axes, and the combinations that are left out.

#include "coordinator/campaign/file/campaign_file.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::coordinator {

/// Variants must have been read before: they are an axis too. Notes mistakes in the reader's list.
void read_matrix(const scenarios::TableReader& reader, CampaignFile& campaign);

/// What the axis of variants is called.
inline constexpr std::string_view title_of_variants = "variant";

}  // namespace squall::coordinator
