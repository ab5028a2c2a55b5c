#include "coordinator/campaign/course/json_campaign_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

#include "coordinator/compare/run_figures.hpp"

namespace squall::coordinator {

using nlohmann::json;

namespace {

constexpr const char* schema = "squall-campaign-journal/1";

json to_json(const RoundBegun& round) {
  json cells = json::array();
  for (const auto& cell : round.cells)
    cells.push_back({{"identity", cell.identity},
                     {"label", cell.label},
                     {"tag", cell.tag},
                     {"values", cell.values},
                     {"numbers", cell.numbers}});
  return {{"schema", schema},           {"what", "round"},
          {"round", round.round},       {"at", round.at},
          {"campaign", round.campaign}, {"description", round.description},
          {"file", round.file},         {"repeats", round.repeats},
          {"cells", std::move(cells)}};
}

json to_json(const RunEnded& run) {
  return {{"what", "run"},
          {"round", run.round},
          {"cell", run.cell},
          {"label", run.label},
          {"repeat", run.repeat},
          {"run", run.run},
          {"outcome", run.outcome},
          {"why", run.why},
          {"banners", run.banners},
          {"exit_code", run.exit_code},
          {"nanoseconds", run.length.count()},
          {"at", run.at}};
}

RoundBegun round_of(const json& line) {
  RoundBegun round;
  line.at("round").get_to(round.round);
  line.at("at").get_to(round.at);
  line.at("campaign").get_to(round.campaign);
  line.at("description").get_to(round.description);
  line.at("file").get_to(round.file);
  line.at("repeats").get_to(round.repeats);
  for (const json& each : line.at("cells")) {
    JournalCell cell;
    each.at("identity").get_to(cell.identity);
    each.at("label").get_to(cell.label);
    each.at("tag").get_to(cell.tag);
    each.at("values").get_to(cell.values);
    each.at("numbers").get_to(cell.numbers);
    round.cells.push_back(std::move(cell));
  }
  return round;
}

RunEnded run_of(const json& line) {
  RunEnded run;
  line.at("round").get_to(run.round);
  line.at("cell").get_to(run.cell);
  line.at("label").get_to(run.label);
  line.at("repeat").get_to(run.repeat);
  line.at("run").get_to(run.run);
  line.at("outcome").get_to(run.outcome);
  line.at("why").get_to(run.why);
  line.at("banners").get_to(run.banners);
  line.at("exit_code").get_to(run.exit_code);
  run.length = nanoseconds(line.at("nanoseconds").get<std::int64_t>());
  line.at("at").get_to(run.at);
  return run;
}

void take(CampaignJournal& journal, const std::string& text) {
  const json line = json::parse(text);
  const auto what = line.at("what").get<std::string>();
  if (what == "round" && line.at("schema") != schema)
    throw CampaignStateError("it was written by another release of squall");
  if (what == "round") journal.rounds.push_back(round_of(line));
  if (what == "run") journal.runs.push_back(run_of(line));
}

/// Where the last whole line ends.
std::size_t whole_lines(const std::string& text) {
  const auto end = text.rfind('\n');
  return end == std::string::npos ? 0 : end + 1;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::filesystem::path campaign_folder(const std::filesystem::path& state, const std::string& slug) {
  return state / "campaigns" / slug;
}

CampaignJournal read_campaign_journal(const std::filesystem::path& folder) {
  const auto path = folder / "journal";
  const std::string text = content_of(path);
  CampaignJournal journal;
  std::istringstream lines(text.substr(0, whole_lines(text)));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    try {
      take(journal, line);
    } catch (const std::exception& error) {
      throw CampaignStateError("the campaign's journal " + path.string() + " is damaged in line " +
                               std::to_string(number) + " (" + error.what() +
                               "); remove the line, or the file to begin anew");
    }
  }
  return journal;
}

CampaignJournalFile::CampaignJournalFile(const std::filesystem::path& folder)
    : path_((folder / "journal").string()) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0)
    throw CampaignStateError("cannot write " + path_ + ": " +
                             (error ? error.message() : std::strerror(errno)) +
                             "; --state names another folder");
  // What a crash tore off would stand before the next line.
  const auto whole = static_cast<off_t>(whole_lines(content_of(path_)));
  if (ftruncate(file_, whole) != 0)
    throw CampaignStateError("cannot mend " + path_ + ": " + std::strerror(errno));
}

CampaignJournalFile::~CampaignJournalFile() { close(file_); }

void CampaignJournalFile::append(const RoundBegun& round) {
  append_line(to_json(round).dump(-1, ' ', false, json::error_handler_t::replace));
}

void CampaignJournalFile::append(const RunEnded& run) {
  append_line(to_json(run).dump(-1, ' ', false, json::error_handler_t::replace));
}

void CampaignJournalFile::append_line(const std::string& line) {
  const std::string text = line + "\n";
  const ssize_t written = write(file_, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()) || fdatasync(file_) != 0)
    throw CampaignStateError("cannot write " + path_ + ": " + std::strerror(errno) +
                             "; the runs so far are in the store");
}

RunEnded ending_of_report(const std::string& report) {
  try {
    const json parsed = json::parse(report);
    RunEnded ended;
    parsed.at("run").at("id").get_to(ended.run);
    parsed.at("verdict").at("outcome").get_to(ended.outcome);
    parsed.at("verdict").at("sentence").get_to(ended.why);
    if (const auto banners = parsed.find("banners"); banners != parsed.end())
      banners->get_to(ended.banners);
    return ended;
  } catch (const json::exception& error) {
    throw ReportUnreadable(std::string("is no report of a run, or is damaged: ") + error.what());
  }
}

}  // namespace squall::coordinator
