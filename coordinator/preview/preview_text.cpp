#include "coordinator/preview/preview_text.hpp"

#include <algorithm>
#include <variant>

#include "coordinator/preview/block_chart.hpp"
#include "coordinator/report/load_in_words.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"
#include "scenarios/schema/target_kind.hpp"

namespace squall::coordinator {

using namespace scenarios;

namespace {

BlockChartStyle chart_style(const PreviewStyle& style) {
  constexpr std::size_t widest = 120, narrowest = 40;  // wider charts say nothing more
  return {
      .width = std::clamp(style.width, narrowest, widest), .height = 8, .unicode = style.unicode};
}

/// One decimal less than seconds need would show 0:00 three times on the axis of a short run.
std::string tick_label(nanoseconds at, nanoseconds whole) {
  return whole < std::chrono::seconds(10) ? readable(at) : readable_clock(at);
}

class PreviewPage {
 public:
  PreviewPage(const Scenario& scenario, const LoadPreview& preview, const PreviewStyle& style)
      : scenario_(scenario), preview_(preview), style_(style) {}

  std::string write() {
    header();
    course();
    lengths("prompt tokens", preview_.prompts, prompt_notes());
    lengths("answer tokens", preview_.answers, {});
    categories();
    agents();
    return std::move(out_);
  }

 private:
  void section(const std::string& title) {
    out_ += '\n';
    for (const std::string& line : wrapped(title, style_.width))
      out_ += styled(line, Style::bold, style_.colour) + '\n';
  }
  void note(const std::string& text) {
    const std::size_t room = style_.width > 12 ? style_.width - 2 : 10;
    for (const std::string& line : wrapped(text, room))
      out_ += "  " + styled(line, Style::dim, style_.colour) + '\n';
  }
  void table(const TextTable& rows) { out_ += rows.render(style_.width, style_.colour); }

  void header() {
    out_ += styled(printable(scenario_.name, 60), Style::bold, style_.colour) + '\n';
    for (const std::string& line : wrapped(printable(scenario_.description, 400), style_.width))
      if (!line.empty()) out_ += line + '\n';
    std::string target = name_of(scenario_.target.kind);
    if (scenario_.target.kind == TargetKind::openai) target += " " + scenario_.target.openai.url;
    if (!scenario_.target.model.empty()) target += ", " + scenario_.target.model;
    TextTable rows("ll");
    rows.add(
        {{"planned", Style::dim}, {"nothing was run; seed " + std::to_string(scenario_.seed)}});
    rows.add({{"target", Style::dim}, {printable(target, 300)}});
    rows.add({{"load", Style::dim}, {printable(load_in_words(scenario_.load), 400)}});
    rows.add({{"phases", Style::dim},
              {"warm-up " + readable(preview_.warm_up) + ", measure " +
               readable(preview_.stop - preview_.warm_up) + ", drain " +
               readable(scenario_.phases.drain)}});
    rows.add({{"totals", Style::dim}, {totals()}});
    if (std::holds_alternative<TraceReplay>(scenario_.load))
      rows.add({{"trace", Style::dim}, {trace_in_words()}});
    table(rows);
  }

  std::string totals() const {
    if (preview_.open_model) {
      const double rate = static_cast<double>(preview_.arrivals) /
                          std::chrono::duration<double>(preview_.stop).count();
      return plural(preview_.arrivals, "arrival") + ", " + readable_rate(rate) + "/s on average";
    }
    return plural(preview_.users, "user") + ", at most " + readable_count(preview_.most_at_once) +
           " at once; how many requests they make depends on the answers";
  }

  std::string trace_in_words() const {
    const auto& replay = std::get<TraceReplay>(scenario_.load);
    const auto played = std::chrono::duration_cast<nanoseconds>(
        std::chrono::duration<double>(preview_.trace_length) / replay.time_scale);
    return readable_count(preview_.trace_entries) + " entries recorded over " +
           readable_clock(preview_.trace_length) + ", played in " + readable_clock(played) + "; " +
           readable_count(preview_.arrivals) + " fall within the " + readable_clock(preview_.stop) +
           " of load";
  }

  /// Arrivals per second, or users at work, over time.
  void course() {
    const BlockChartStyle style = chart_style(style_);
    const std::string of_bin = " (a column is " + readable(preview_.bin_length) + ")";
    section((preview_.open_model ? "arrivals per second" : "users at work") + of_bin);
    std::vector<double> values;
    for (const PreviewBin& bin : preview_.bins)
      values.push_back(preview_.open_model
                           ? static_cast<double>(bin.arrivals) /
                                 std::chrono::duration<double>(preview_.bin_length).count()
                           : bin.users);
    std::vector<BlockChartMark> ticks, phases;
    for (int quarter = 0; quarter <= 4; ++quarter)
      ticks.push_back({quarter / 4.0, tick_label(preview_.stop * quarter / 4, preview_.stop)});
    const double warm = std::chrono::duration<double>(preview_.warm_up) /
                        std::chrono::duration<double>(preview_.stop);
    if (preview_.warm_up > nanoseconds{0}) phases.push_back({0, "|warm-up"});
    phases.push_back({warm, "|measure"});
    for (const std::string& line : column_chart(values, ticks, phases, style)) out_ += line + '\n';
    if (preview_.expected)
      note("As the rate has it on average: there are too many arrivals to draw each.");
    if (preview_.max_in_flight > 0)
      note("At most " + readable_count(preview_.max_in_flight) +
           " requests are in flight; arrivals beyond that are counted as late or dropped.");
  }

  std::string prompt_notes() const {
    for (const Category& category : scenario_.categories)
      if (const auto* file = std::get_if<PromptsFromFile>(&category.prompts))
        return "Prompts of " + printable(file->file) +
               " are counted by the target when they are "
               "asked, and are not shown here.";
    const auto* users = std::get_if<ClosedUsers>(&scenario_.load);
    if (users != nullptr && !(users->conversations.turns == Distribution::constant(1)))
      return "Of each turn alone: what was said before comes on top, as answered.";
    return {};
  }

  void lengths(const std::string& title, const LengthPreview& lengths, const std::string& remark) {
    if (lengths.samples == 0) {
      if (!remark.empty()) {
        section(title);
        note(remark);
      }
      return;
    }
    section(title + ", mean " + readable_rate(lengths.mean) + ", " +
            (preview_.sampled ? "of a sample of " : "of all ") +
            plural(lengths.samples, "request"));
    std::uint64_t most = 0;
    for (const auto& row : lengths.rows) most = std::max(most, row.count);
    TextTable rows("rlr");
    const std::size_t room = style_.width > 60 ? std::min<std::size_t>(style_.width - 34, 60) : 26;
    for (const auto& row : lengths.rows) {
      const std::string range = row.from == row.to
                                    ? readable_count(row.from)
                                    : readable_count(row.from) + " to " + readable_count(row.to);
      rows.add(
          {{range},
           {bar(static_cast<double>(row.count) / static_cast<double>(most), room, style_.unicode)},
           {readable_share(static_cast<double>(row.count) /
                           static_cast<double>(lengths.samples))}});
    }
    table(rows);
    if (!remark.empty()) note(remark);
  }

  void categories() {
    if (preview_.categories.size() < 2) return;
    section("categories of prompts");
    TextTable rows("lrr");
    const auto all = static_cast<double>(std::max<std::uint64_t>(preview_.looked_at, 1));
    for (const CategoryPreview& category : preview_.categories)
      rows.add({{printable(category.name, 40)},
                {readable_count(category.requests)},
                {readable_share(static_cast<double>(category.requests) / all)}});
    table(rows);
  }

  void agents() {
    section("share of each agent");
    TextTable rows("lr");
    constexpr std::size_t most = 16;
    for (std::size_t i = 0; i < std::min(most, preview_.agents.size()); ++i)
      rows.add({{std::to_string(i + 1) + " of " + std::to_string(preview_.agents.size())},
                {preview_.open_model ? plural(preview_.agents[i].arrivals, "arrival")
                                     : plural(preview_.agents[i].users, "user")}});
    table(rows);
    if (!scenario_.agents.weights.empty())
      note(
          "For agents of equal weight: [agents] weights go by labels, which only running agents "
          "have.");
    if (preview_.agents.size() > most)
      note("and " + plural(preview_.agents.size() - most, "more agent"));
    if (preview_.checked_for_accuracy > 0)
      note(readable_count(preview_.checked_for_accuracy) + " of " +
           plural(preview_.looked_at, "request") + " looked at are asked again at rest.");
  }

  const Scenario& scenario_;
  const LoadPreview& preview_;
  PreviewStyle style_;
  std::string out_;
};

}  // namespace

std::string preview_text(const Scenario& scenario, const LoadPreview& preview,
                         const PreviewStyle& style) {
  return PreviewPage(scenario, preview, style).write();
}

std::size_t preview_bins(const PreviewStyle& style) { return chart_columns(chart_style(style)); }

}  // namespace squall::coordinator
