#include <algorithm>
#include <charconv>

#include "coordinator/store/run_store_state.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* columns =
    "SELECT number, id, scenario, scenario_hash, scenario_text, scenario_file, started_at, "
    "tool_version, folder, state, outcome, model, model_fingerprint, hardware_fingerprint, load "
    "FROM run ";

struct Row {
  std::int64_t number = 0;
  StoredRun run;
};

Row row_of(const Statement& row) {
  return {row.integer(0),
          {.beginning = {.run = row.text(1),
                         .scenario = row.text(2),
                         .scenario_hash = row.text(3),
                         .scenario_text = row.text(4),
                         .scenario_file = row.text(5),
                         .started_at = row.text(6),
                         .tool_version = row.text(7),
                         .folder = row.text(8)},
           .state = row.text(9),
           .outcome = row.text(10),
           .model = row.text(11),
           .model_fingerprint = row.text(12),
           .hardware_fingerprint = row.text(13),
           .load = row.text(14),
           .figures = {},
           .tags = {}}};
}

void add_figures_and_tags(Database& database, Row& row) {
  Statement figures(database, "SELECT name, value FROM figure WHERE run = ?");
  for (figures.with(row.number); figures.step();)
    row.run.figures[figures.text(0)] = figures.real(1);
  Statement tags(database, "SELECT name FROM tag WHERE run = ? ORDER BY name");
  for (tags.with(row.number); tags.step();) row.run.tags.push_back(tags.text(0));
}

std::vector<Row> rows_of(Database& database, const RunQuery& query) {
  Transaction one_view(database, Transaction::Kind::read);
  Statement select(database, std::string(columns) +
                                 "WHERE (?1 = '' OR scenario = ?1) "
                                 "AND (?2 = '' OR scenario_hash = ?2) "
                                 "AND (?3 = '' OR hardware_fingerprint = ?3) "
                                 "AND (?4 = '' OR model_fingerprint = ?4) "
                                 "AND (?5 = '' OR number IN (SELECT run FROM tag WHERE name = ?5)) "
                                 "ORDER BY started_at, id");
  select.with(query.scenario, query.scenario_hash, query.hardware_fingerprint,
              query.model_fingerprint, query.tag);
  std::vector<Row> rows;
  while (select.step()) rows.push_back(row_of(select));
  for (Row& row : rows) add_figures_and_tags(database, row);
  return rows;
}

bool has_outcome(const StoredRun& run, const std::string& outcome) {
  return run.outcome == outcome || (run.state == "interrupted" && outcome == "interrupted");
}

/// "last~2" -> 2; "last" -> 0.
std::optional<std::size_t> steps_back(const std::string& name) {
  if (name == "last") return 0;
  if (!name.starts_with("last~")) return std::nullopt;
  std::size_t back = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + 5, end, back);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return back;
}

std::string near_or_newest(const std::string& name, const std::vector<StoredRun>& runs) {
  std::vector<std::string_view> ids;
  for (const auto& run : runs) ids.push_back(run.beginning.run);
  if (const auto near = scenarios::nearest(name, ids); !near.empty())
    return "; did you mean '" + std::string(near) + "'?";
  return "; take an id, the beginning of one, last, last~2 or tag:NAME (the newest is " +
         runs.back().beginning.run + ")";
}

}  // namespace

std::vector<StoredRun> RunStore::list(const RunQuery& query) const {
  std::vector<Row> rows = rows_of(state_->database, query);
  std::vector<StoredRun> runs;
  for (Row& row : rows) {
    if (row.run.state == "running" && !state_->locks.held_by_anyone(row.number)) {
      // It may have finished since that view of the store, which is before it lets its lock go.
      Statement again(state_->database, std::string(columns) + "WHERE number = ?");
      if (!again.with(row.number).step()) continue;
      row = row_of(again);
      add_figures_and_tags(state_->database, row);
      if (row.run.state == "running") row.run.state = "interrupted";
    }
    if (!query.outcome || has_outcome(row.run, *query.outcome)) runs.push_back(std::move(row.run));
  }
  if (query.newest > 0 && runs.size() > query.newest)
    runs.erase(runs.begin(), runs.end() - static_cast<std::ptrdiff_t>(query.newest));
  return runs;
}

StoredRun RunStore::find(const std::string& name) const {
  const std::string in_store = " in the store " + state_->name();
  if (name.starts_with("tag:")) {
    auto tagged = list({.tag = name.substr(4), .outcome = {}, .newest = 1});
    if (name.size() == 4 || tagged.empty())
      throw StoreError("no run has the tag '" + name.substr(4) + "'" + in_store +
                       "; squall tag RUN NAME gives one");
    return tagged.back();
  }
  auto runs = list();
  if (runs.empty())
    throw StoreError("there are no runs" + in_store +
                     "; squall run makes one, and --store or "
                     "$SQUALL_STORE names another store");
  if (const auto back = steps_back(name)) {
    if (*back < runs.size()) return runs[runs.size() - 1 - *back];
    throw StoreError("there are only " + std::to_string(runs.size()) + " runs" + in_store +
                     ", so no " + name);
  }
  std::vector<const StoredRun*> found;
  for (const auto& run : runs) {
    if (run.beginning.run == name) return run;
    if (!name.empty() && run.beginning.run.starts_with(name)) found.push_back(&run);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty())
    throw StoreError("there is no run '" + name + "'" + in_store + near_or_newest(name, runs));
  throw StoreError("'" + name + "' is the beginning of " + std::to_string(found.size()) +
                   " runs, such as " + found[0]->beginning.run + " and " + found[1]->beginning.run +
                   "; say more of it");
}

}  // namespace squall::coordinator
