#include <algorithm>

#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using Tone = PageCell::Tone;

namespace {

PageCell counted(const Json& account, const char* key, Tone tone_if_any = Tone::plain) {
  const std::uint64_t count = count_in(account, key);
  return {readable_count(count), count > 0 ? tone_if_any : Tone::plain, true};
}

std::vector<PageCell> account_row(const std::string& name, const Json& account) {
  return {{name},
          counted(account, "planned"),
          counted(account, "completed"),
          counted(account, "failed", Tone::bad),
          counted(account, "cancelled"),
          counted(account, "lost", Tone::bad)};
}

std::vector<std::string> details_of(const Json& account) {
  const std::pair<const char*, const char*> kinds[]{
      {"timed_out", "of the failed timed out"},
      {"open_at_end", "of the cancelled were still open when the drain ended"},
      {"not_sent", "of the cancelled were never sent"},
      {"left_out", "of them left out while a lost agent's load rose again at others"},
      {"lost_in_flight", "lost: in flight at their agent's last report"},
      {"never_reported", "lost: never reported"},
      {"surplus", "more than were planned"}};
  std::vector<std::string> details;
  for (const auto& [key, words] : kinds)
    if (const std::uint64_t count = count_in(account, key); count > 0)
      details.push_back(readable_count(count) + " " + words);
  return details;
}

PageTable phases_table(const Json& total) {
  PageTable table;
  table.caption =
      "scheduled = issued + dropped late + cancelled before they were sent; "
      "issued = ok + error + timeout + cancelled + open at the end";
  table.head = {"phase"};
  const char* keys[]{"scheduled",  "issued", "dropped_late", "cancelled_before_send",
                     "ok",         "error",  "timeout",      "cancelled",
                     "open_at_end"};
  for (const char* key : keys) {
    std::string name = key;
    std::ranges::replace(name, '_', ' ');
    table.head.push_back(std::move(name));
  }
  for (const auto& [key, name] :
       {std::pair{"warm_up", "warm-up"}, std::pair{"measure", "measured"}}) {
    if (!part(total, {key}).is_object()) continue;
    std::vector<PageCell> row{{name}};
    for (const char* count : keys) row.push_back(counted(part(total, {key}), count));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

void add_ledger(const Json& report, Page& page) {
  const Json& ledger = part(report, {"ledger"});
  if (!ledger.is_object()) return;
  page.section("ledger", "Ledger: every planned request");
  PageTable table;
  table.caption = "planned = completed + failed + cancelled + lost, all phases";
  table.head = {"agent", "planned", "completed", "failed", "cancelled", "lost"};
  constexpr std::size_t most = 100;
  const auto& agents = entries(part(ledger, {"agents"}));
  for (std::size_t i = 0; i < std::min(most, agents.size()); ++i)
    table.rows.push_back(account_row(text_in(agents[i], "name"), part(agents[i], {"account"})));
  if (agents.size() > most)
    table.rows.push_back({{"and " + plural(agents.size() - most, "more agent"), Tone::quiet}});
  table.rows.push_back(account_row("all agents", part(ledger, {"total", "account"})));
  page.table(table);
  page.list(details_of(part(ledger, {"total", "account"})));
  const PageTable phases = phases_table(part(ledger, {"total"}));
  if (!phases.rows.empty()) page.table(phases);
}

void add_errors(const Json& report, Page& page) {
  PageTable table;
  table.head = {"what", "warm-up", "measured"};
  const Json& warm_up = part(report, {"phases", "warm_up", "errors"});
  const Json& measured = part(report, {"phases", "measure", "errors"});
  std::vector<std::string> kinds;
  for (const Json* phase : {&measured, &warm_up})
    if (phase->is_object())
      for (const auto& [kind, count] : phase->items())
        if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
  constexpr std::size_t most = 60;
  for (std::size_t i = 0; i < std::min(most, kinds.size()); ++i)
    table.rows.push_back({{kinds[i]},
                          counted(warm_up, kinds[i].c_str(), Tone::doubtful),
                          counted(measured, kinds[i].c_str(), Tone::bad)});
  if (table.rows.empty()) return;
  page.section("failures", "Errors by class");
  page.table(table);
  if (kinds.size() > most)
    page.paragraph("And " + plural(kinds.size() - most, "more kind") + " of error.");
}

namespace {

PageCell mark_of_audit(const std::string& status) {
  if (status == "passed") return {"ok", Tone::good};
  if (status == "warning") return {"warning", Tone::doubtful};
  if (status == "failed") return {"FAILED", Tone::bad};
  if (status == "not_applicable") return {"does not apply", Tone::quiet};
  return {"too little measured", Tone::doubtful};
}

}  // namespace

void add_audit(const Json& report, Page& page) {
  const auto& lines = entries(part(report, {"audit"}));
  if (lines.empty()) return;
  page.section("audit", "Audit: can these figures be believed?");
  PageTable table;
  table.head = {"question", "", "measured", "limit", "what it means"};
  for (const Json& line : lines)
    table.rows.push_back({{text_in(line, "name")},
                          mark_of_audit(text_in(line, "status")),
                          {text_in(line, "measured")},
                          {text_in(line, "limit")},
                          {text_in(line, "explanation"), Tone::quiet}});
  page.table(table);
}

}  // namespace squall::coordinator
