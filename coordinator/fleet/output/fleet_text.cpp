#include "coordinator/fleet/output/fleet_text.hpp"

#include <algorithm>

#include "coordinator/run/metrics_timeline.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

class FleetText {
 public:
  FleetText(const FleetPrediction& prediction, std::size_t width, bool colour)
      : told_(prediction), result_(prediction.result), width_(width), colour_(colour) {}

  std::string write() {
    line("*** " + std::string(simulated_banner) + " ***", Style::warning);
    head();
    search();
    throughput();
    latencies();
    machines();
    goals();
    measured();
    section("what this takes for granted");
    for (const std::string& each : told_.assumptions) paragraph(each);
    return std::move(out_);
  }

 private:
  void line(const std::string& text, Style style = Style::plain) {
    for (const std::string& each : wrapped(text, width_))
      out_ += styled(each, style, colour_) + '\n';
  }
  void section(const std::string& title) {
    out_ += '\n';
    line(title, Style::bold);
  }
  void paragraph(const std::string& text) {
    for (const std::string& each : wrapped(text, width_ > 12 ? width_ - 2 : 10))
      out_ += "  " + each + '\n';
  }
  void table(const TextTable& rows) { out_ += rows.render(width_, colour_); }

  void head() {
    line(printable(told_.scenario, 60), Style::bold);
    TextTable rows("ll");
    rows.add({{"load", Style::dim}, {printable(told_.load)}});
    rows.add({{"fleet", Style::dim},
              {plural(result_.machines, "machine") + ", requests sent " +
               std::string(name_of(told_.options.routing))}});
    for (std::size_t i = 0; i < told_.laws.size(); ++i)
      rows.add({{"law", Style::dim}, {law_in_words(told_.laws[i])}});
    table(rows);
  }

  static std::string law_in_words(const LawFile& file) {
    std::string text = file.law.model.empty() ? "a model that nobody named" : file.law.model;
    if (!file.law.backend.empty()) text += ", " + file.law.backend;
    if (file.law.threads > 0) text += ", " + plural(file.law.threads, "thread");
    text = printable(text);
    if (!file.residuals) return text + "; as written, not fitted";
    return text + "; fitted to " + plural(file.steps.size(), "measured step") + ", off by " +
           readable_share(file.residuals->median) + " (median), " +
           readable_share(file.residuals->p95) + " (p95)";
  }

  void search() {
    if (!told_.search) return;
    section("how many machines?");
    TextTable rows("rlrr");
    rows.add({{"machines", Style::dim},
              {"", Style::dim},
              {"tokens/s", Style::dim},
              {"ttft p95", Style::dim}});
    for (const FleetProbe& probe : told_.search->probes) {
      const auto ttft = estimate(probe.result, probe.result.ttft, 95);
      rows.add({{readable_count(probe.machines)},
                {probe.enough ? "enough" : "too few", probe.enough ? Style::good : Style::bad},
                {readable_rate(probe.result.tokens_per_second)},
                {ttft.samples == 0 ? "" : (ttft.at_least ? ">= " : "") + readable(ttft.value)}});
    }
    table(rows);
    if (told_.search->machines) {
      line(plural(*told_.search->machines, "machine") +
               " of the first kind are enough (simulated); what follows is with them",
           Style::good);
    } else {
      line("not even " + plural(told_.most, "machine") +
               " are enough (simulated); what follows is with them",
           Style::bad);
    }
  }

  void throughput() {
    section("throughput, measured window of " + readable(result_.window) + " (simulated)");
    TextTable rows("lr");
    rows.add({{"output tokens per second"}, {readable_rate(result_.tokens_per_second)}});
    rows.add({{"answers per second"}, {readable_rate(result_.requests_per_second)}});
    rows.add({{"requests in flight, mean"}, {readable_rate(result_.mean_in_flight)}});
    table(rows);
    const FleetLedger& ledger = result_.measured;
    paragraph(readable_count(ledger.issued) + " issued = " + readable_count(ledger.completed) +
              " completed + " + readable_count(ledger.timed_out) + " timed out + " +
              readable_count(ledger.refused) + " refused + " + readable_count(ledger.open_at_end) +
              " open at the end" +
              (ledger.not_sent > 0
                   ? "; " + readable_count(ledger.not_sent) + " arrivals were never sent"
                   : ""));
  }

  void latencies() {
    section("latency, measured phase (simulated)");
    TextTable rows("lrrrrrr");
    TextTable::Row names{{"", Style::dim}};
    for (const char* name : {"p50", "p90", "p95", "p99", "mean", "max"})
      names.push_back({name, Style::dim});
    rows.add(std::move(names));
    add_latency(rows, "ttft", result_.ttft);
    add_latency(rows, "tpot", result_.tpot);
    add_latency(rows, "e2e", result_.e2e);
    add_latency(rows, "queue", result_.queue);
    table(rows);
  }

  void add_latency(TextTable& rows, const char* name, const actors::Histogram& durations) const {
    TextTable::Row row{{name}};
    for (const double percentile : {50.0, 90.0, 95.0, 99.0}) {
      const auto found = estimate(result_, durations, percentile);
      row.push_back(
          {found.enough ? (found.at_least ? ">= " : "") + readable(found.value) : "insufficient"});
    }
    const bool any = durations.count() > 0;
    row.push_back({any ? readable(durations.mean()) : ""});
    row.push_back({any ? readable(durations.maximum()) : ""});
    rows.add(std::move(row));
  }

  void machines() {
    section("machines, measured window (simulated)");
    TextTable rows("lrrrrrr");
    TextTable::Row names;
    for (const char* name :
         {"kind", "machines", "busy", "least..most busy", "batch", "waiting", "most waiting"})
      names.push_back({name, Style::dim});
    rows.add(std::move(names));
    for (const KindResult& kind : result_.kinds)
      rows.add({{printable(kind.name, 40)},
                {readable_count(kind.count)},
                {readable_share(kind.utilisation)},
                {readable_share(kind.lowest_utilisation) + ".." +
                 readable_share(kind.highest_utilisation)},
                {readable_rate(kind.mean_batch)},
                {readable_rate(kind.mean_waiting)},
                {readable_count(kind.most_waiting)}});
    table(rows);
  }

  void goals() {
    if (told_.goals.empty()) return;
    section("thresholds (simulated)");
    TextTable rows("lrl");
    for (const FleetGoal& goal : told_.goals) {
      if (!goal.predicted) {
        rows.add({{printable(goal.threshold.text)}, {""}, {"not simulated", Style::dim}});
        continue;
      }
      rows.add({{printable(goal.threshold.text)},
                {predicted_in_words(goal)},
                {goal.met ? "met" : "missed", goal.met ? Style::good : Style::bad}});
    }
    table(rows);
  }

  void measured() {
    if (!told_.measured) return;
    section("beside run " + printable(told_.measured->run, 60) + ", which was measured");
    if (!told_.measured->same_scenario)
      paragraph("That run had another scenario: figures differ for that, too.");
    TextTable rows("lrrr");
    TextTable::Row names{{"", Style::dim}};
    for (const char* name : {"simulated", "measured", "difference"})
      names.push_back({name, Style::dim});
    rows.add(std::move(names));
    for (const FigurePair& pair : beside_measurement(told_))
      rows.add({{pair.name},
                {figure_in_words(pair.name, pair.predicted)},
                {figure_in_words(pair.name, pair.measured)},
                {difference_in_words(pair.error())}});
    table(rows);
  }

  const FleetPrediction& told_;
  const FleetResult& result_;
  std::size_t width_;
  bool colour_;
  std::string out_;
};

}  // namespace

std::string fleet_text(const FleetPrediction& prediction, std::size_t width, bool colour) {
  return FleetText(prediction, width, colour).write();
}

}  // namespace squall::coordinator
