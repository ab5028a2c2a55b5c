#include "coordinator/campaign/results/result_tables.hpp"

#include <algorithm>

#include "coordinator/compare/output/figure_words.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Tone = ResultCell::Tone;

Tone tone_of(const std::string& outcome) {
  if (outcome == "pass") return Tone::good;
  if (outcome == "fail" || outcome == "broken") return Tone::bad;
  return Tone::doubtful;
}

ResultCell outcomes(const CellResult& cell) {
  std::string text;
  Tone tone = Tone::quiet;
  for (const auto& [outcome, count] : cell.outcomes) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + outcome;
    if (tone != Tone::bad) tone = tone_of(outcome);
  }
  if (cell.outcomes.size() > 1 && tone == Tone::good) tone = Tone::doubtful;
  if (cell.missing > 0)
    text += (text.empty() ? "" : ", ") + std::to_string(cell.missing) + " missing";
  return {text, tone};
}

ResultCell number(std::string text) { return {std::move(text), Tone::plain, true}; }

/// "ttft p95", as the heads of tables have it.
std::string head_of(std::string figure) {
  if (figure == "tokens_per_second") return "tokens/s";
  if (figure == "requests_per_second") return "answers/s";
  std::replace(figure.begin(), figure.end(), '_', ' ');
  return figure;
}

std::string value_text(const std::string& figure, double value) {
  return readable_figure(value, kind_of_figure(figure).unit);
}

}  // namespace

ResultTable cell_table(const CampaignResults& results, bool ranges) {
  ResultTable table{"cells", {"cell", "runs"}, {}};
  auto figures = figures_shown(results);
  if (!ranges)  // a terminal is narrow
    std::erase_if(figures, [](const std::string& figure) {
      return figure == "requests_per_second" || figure == "e2e_p50";
    });
  for (const auto& figure : figures) table.head.push_back(head_of(figure));
  for (const auto& cell : results.cells) {
    std::vector<ResultCell> row{{cell.cell.label}, outcomes(cell)};
    for (const auto& figure : figures) {
      const auto found = cell.figures.find(figure);
      if (found == cell.figures.end())
        row.push_back({"-", Tone::quiet, true});
      else
        row.push_back(number(ranges ? in_words(found->second, figure)
                                    : value_text(figure, found->second.median)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

ResultTable extremes_table(const CampaignResults& results) {
  ResultTable table{"best and worst", {"figure", "best", "", "worst", ""}, {}};
  for (const auto& each : results.extremes)
    table.rows.push_back({{head_of(each.figure)},
                          {each.best},
                          number(value_text(each.figure, each.best_value)),
                          {each.worst},
                          number(value_text(each.figure, each.worst_value))});
  return table;
}

ResultTable front_table(const CampaignResults& results) {
  ResultTable table{
      "no other cell has more tokens/s and a shorter " + head_of(results.front_latency),
      {"cell", "tokens/s", head_of(results.front_latency)},
      {}};
  std::vector<const CellResult*> front;
  for (const auto& cell : results.cells)
    if (cell.on_front) front.push_back(&cell);
  std::sort(front.begin(), front.end(), [](const CellResult* one, const CellResult* other) {
    return one->figures.at("tokens_per_second").median <
           other->figures.at("tokens_per_second").median;
  });
  for (const CellResult* cell : front)
    table.rows.push_back(
        {{cell->cell.label},
         number(value_text("tokens_per_second", cell->figures.at("tokens_per_second").median)),
         number(
             value_text(results.front_latency, cell->figures.at(results.front_latency).median))});
  return table;
}

ResultTable gate_table(const CampaignResults& results) {
  ResultTable table{"against the accepted runs", {"cell", "verdict", "why"}, {}};
  for (const auto& cell : results.cells) {
    if (!cell.against) continue;
    const Judgement judgement = cell.against->judgement;
    Tone tone = Tone::doubtful;
    if (judgement == Judgement::pass) tone = Tone::good;
    if (judgement == Judgement::regression) tone = Tone::bad;
    table.rows.push_back(
        {{cell.cell.label}, {word(judgement), tone}, {sentence_of(*cell.against)}});
  }
  return table;
}

ResultTable trouble_table(const CampaignResults& results) {
  ResultTable table{"runs that did not end well", {"cell", "repeat", "outcome", "run", "why"}, {}};
  for (const auto& run : results.troubles)
    table.rows.push_back({{run.cell},
                          number(std::to_string(run.repeat)),
                          {run.outcome, tone_of(run.outcome)},
                          {run.run.empty() ? "-" : run.run},
                          {run.why}});
  return table;
}

std::string what_it_was(const CampaignResults& results) {
  std::string text = plural(results.cells.size(), "cell");
  if (results.repeats > 1)
    text += ", " + std::to_string(results.repeats) + " runs each: medians and their range";
  text += "; round " + std::to_string(results.round) + ", begun " + results.began_at;
  return text;
}

}  // namespace squall::coordinator
