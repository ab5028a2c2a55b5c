#pragma once
// The tables and sentences of a campaign's report, the same in text, Markdown and HTML. Labels and
// reasons come from elsewhere: whoever writes them makes them safe for its format.

#include <string>
#include <vector>

#include "coordinator/campaign/results/campaign_results.hpp"

namespace squall::coordinator {

struct ResultCell {
  std::string text;
  enum class Tone { plain, good, doubtful, bad, quiet } tone = Tone::plain;
  bool number = false;
};

struct ResultTable {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<ResultCell>> rows;
};

/// A row a cell: how its runs ended, and the median of each figure; with `ranges` those, too.
ResultTable cell_table(const CampaignResults& results, bool ranges);
ResultTable extremes_table(const CampaignResults& results);
ResultTable front_table(const CampaignResults& results);
/// Against the accepted runs; no rows where nothing was judged.
ResultTable gate_table(const CampaignResults& results);
ResultTable trouble_table(const CampaignResults& results);

/// "round 2 of 2026-11-21, 12 runs, median of 3".
std::string what_it_was(const CampaignResults& results);

}  // namespace squall::coordinator
