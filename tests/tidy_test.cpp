// The house rules that a machine can check: who includes whom, where third-party libraries may
// appear, file length, names that say nothing, notes left open.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path;  // from the root: "actors/metrics/ledger.cpp"
  std::vector<std::string> lines;
};

bool is_code(const fs::path& path) {
  return path.extension() == ".cpp" || path.extension() == ".hpp";
}

std::vector<Source> all_sources() {
  std::vector<Source> sources;
  for (const char* top : {"actors", "agents", "coordinator", "kernels", "scenarios", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (!entry.is_regular_file() || !is_code(entry.path())) continue;
      Source source{entry.path().generic_string(), {}};
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) source.lines.push_back(line);
      sources.push_back(std::move(source));
    }
  return sources;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = all_sources();
  return all;
}

std::vector<std::string> includes_of(const Source& source) {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<std::string> names;
  std::smatch match;
  for (const auto& line : source.lines)
    if (std::regex_search(line, match, include)) names.push_back(match[1]);
  return names;
}

std::string top_folder(const std::string& path) { return path.substr(0, path.find('/')); }

bool matches_any(const std::string& path, const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns)
    if (std::regex_search(path, std::regex(pattern))) return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(layers_include_only_layers_below_them) {
  const std::map<std::string, std::set<std::string>> allowed{
      {"scenarios", {"scenarios"}},
      {"kernels", {"kernels"}},
      {"actors", {"actors", "scenarios"}},
      {"agents", {"agents", "actors", "kernels", "scenarios"}},
      {"coordinator", {"coordinator", "actors", "scenarios"}},
  };
  for (const auto& source : sources()) {
    const auto rule = allowed.find(top_folder(source.path));
    if (rule == allowed.end()) continue;  // tests may include everything
    for (const auto& name : includes_of(source)) {
      const auto folder = top_folder(name);
      const bool ours = allowed.count(folder) > 0 || folder == "tests";
      BOOST_TEST((!ours || rule->second.count(folder) > 0),
                 source.path << " includes " << name << ", which is not below its layer");
    }
  }
}

BOOST_AUTO_TEST_CASE(folders_inside_a_layer_include_only_folders_below_them) {
  // Arrows point down: a folder in the list may include itself and those after it.
  const std::vector<std::vector<std::string>> orders{
      {"agents/load/", "agents/targets/", "agents/models/", "agents/engine/",
       "agents/engine/model/"},
      {"actors/journal/", "actors/bridge/", "actors/wire/", "actors/metrics/"},
  };
  const auto place = [](const std::vector<std::string>& order, const std::string& path) {
    int best = -1;
    for (std::size_t i = 0; i < order.size(); ++i)
      if (path.rfind(order[i], 0) == 0) best = static_cast<int>(i);
    return best;
  };
  for (const auto& source : sources())
    for (const auto& order : orders) {
      const int from = place(order, source.path);
      if (from < 0) continue;
      for (const auto& name : includes_of(source)) {
        const int to = place(order, name);
        if (to < 0) continue;
        BOOST_TEST(to >= from, source.path << " includes " << name << ", which is above it");
      }
    }
}

BOOST_AUTO_TEST_CASE(each_third_party_library_has_one_place) {
  const std::map<std::string, std::vector<std::string>> places{
      {R"(^toml\+\+|^toml)", {R"(^scenarios/schema/scenario_)"}},
      {R"(^zmq)", {R"(^actors/bridge/(zmq_|zap_handler|curve_keys))"}},
      {R"(^google/protobuf|\.pb\.h$)", {R"(^actors/wire/)", R"(^actors/journal/)"}},
      {R"(^caf/)",
       {R"(_actor\.(hpp|cpp)$)", R"(actor_interfaces\.hpp$)", R"(main\.cpp$)",
        R"(^coordinator/commands/run_conduct\.cpp$)"}},
      {R"(^CLI/)",
       {R"(main\.cpp$)", R"(^agents/device_options\.)",
        R"(^coordinator/(command_line|keys_command|verify_command)\.cpp$)",
        R"(^coordinator/commands/output_options\.cpp$)",
        R"(^coordinator/store_commands/store_command_line\.cpp$)",
        R"(^coordinator/compare/commands/judgement_options\.cpp$)",
        R"(^coordinator/campaign/commands/campaign_line\.cpp$)",
        R"(^coordinator/plan/commands/plan_command_line\.cpp$)",
        R"(^coordinator/report_command/report_command\.cpp$)",
        R"(^coordinator/thresholds/thresholds_command\.cpp$)",
        R"(^coordinator/fleet/fleet_command\.cpp$)"}},
      {R"(^nlohmann/)",
       {R"(^coordinator/report/((resources|timeline|formats)/)?json_)",
        R"(^coordinator/report/reading/reported_run)",
        R"(^coordinator/report/formats/html_report)",
        R"(^coordinator/preview/preview_json)",
        R"(^coordinator/selftest/)",
        R"(^coordinator/campaign/(course|results)/json_)",
        R"(^coordinator/commands/roster_text)",
        R"(^coordinator/compare/(output|trend)/json_)",
        R"(^coordinator/plan/(search|output)/json_)",
        R"(^coordinator/dashboard/dashboard_json)",
        R"(^coordinator/thresholds/thresholds_json)",
        R"(^coordinator/fleet/(law_file|output/json_))",
        R"(^coordinator/store_commands/list_command)",
        R"(^agents/serve/api_re)",
        R"(^agents/model_tool/)",
        R"(^scenarios/datasets/json_item)",
        R"(^scenarios/hardware/hardware_json)",
        R"(^agents/hardware/hardware_report)",
        R"(^agents/targets/openai/(answer_chunk|request_body|server_check))",
        R"(^coordinator/pages/(chart|page)\.)",
        R"(^coordinator/report/html/)"}},
      {R"(^sqlite3)", {R"(^coordinator/store/database)"}},
      {R"(^(hip|cuda))", {R"(^kernels/hip/)"}},
      {R"(^curl/)", {R"(^agents/models/http_transfer)"}},
      {R"(^openssl/)",
       {R"(^agents/models/sha256)", R"(^agents/targets/openai/http/tls_client)",
        R"(^coordinator/pages/content_policy)"}},
      {R"(^zlib)",
       {R"(^agents/models/gzip_decompressor)", R"(^actors/journal/journal)",
        R"(^coordinator/report/formats/hdr_encoding)"}},
      {R"(^zstd)",
       {R"(^agents/models/zstd_decompressor)", R"(^coordinator/store/compressed_bytes)"}},
      {R"(^boost/)",
       {R"(^actors/metrics/percentile)", R"(^agents/serve/http_)",
        R"(^coordinator/dashboard/server/http_request)", R"(^kernels/hip/emulation/fiber)",
        R"(^agents/targets/openai/(http/|exchange|server_check))"}},
  };
  for (const auto& source : sources()) {
    if (top_folder(source.path) == "tests") continue;
    for (const auto& name : includes_of(source))
      for (const auto& [library, where] : places)
        if (std::regex_search(name, std::regex(library)))
          BOOST_TEST(matches_any(source.path, where),
                     source.path << " includes " << name << ", which has its place elsewhere");
  }
}

BOOST_AUTO_TEST_CASE(kernels_and_engine_need_nothing_but_a_compiler) {
  for (const auto& source : sources()) {
    const bool bare =
        source.path.rfind("kernels/", 0) == 0 || source.path.rfind("agents/engine/", 0) == 0;
    if (!bare) continue;
    for (const auto& name : includes_of(source)) {
      const bool own = name.rfind("kernels/", 0) == 0 || name.rfind("agents/engine/", 0) == 0;
      const bool system = name.find('/') == std::string::npos || name.rfind("sys/", 0) == 0;
      // The GPU's compilers bring theirs; the emulation is part of the tests only.
      const bool gpu = source.path.rfind("kernels/hip/", 0) == 0 && name.rfind("hip/", 0) == 0;
      const bool emulation = source.path.rfind("kernels/hip/emulation/", 0) == 0;
      BOOST_TEST((own || system || gpu || emulation), source.path << " includes " << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(files_are_short_enough_to_read) {
  for (const auto& source : sources())
    BOOST_TEST(source.lines.size() <= 500u,
               source.path << " has " << source.lines.size() << " lines; split it by subject");
}

BOOST_AUTO_TEST_CASE(folders_hold_at_most_twelve_subjects) {
  std::map<std::string, std::set<std::string>> subjects;  // x.hpp and x.cpp are one subject
  for (const auto& source : sources()) {
    const fs::path path(source.path);
    if (top_folder(source.path) != "tests")
      subjects[path.parent_path().generic_string()].insert(path.stem().string());
  }
  for (const auto& [folder, names] : subjects)
    BOOST_TEST(names.size() <= 12u, folder << " holds " << names.size() << " subjects");
}

BOOST_AUTO_TEST_CASE(names_say_something) {
  const std::regex banned(R"((^|[/_])(utils?|common|helpers?|misc|manager)([/_.]|$))");
  for (const auto& source : sources())
    BOOST_TEST(!std::regex_search(source.path, banned),
               source.path << " has a name that says nothing");
}

BOOST_AUTO_TEST_CASE(no_note_is_left_open) {
  const std::regex note(std::string(R"(\b(TO)") + "DO|FIX" + R"(ME|X)" + "XX|HA" + R"(CK)\b)");
  for (const auto& source : sources())
    for (std::size_t i = 0; i < source.lines.size(); ++i)
      BOOST_TEST(!std::regex_search(source.lines[i], note),
                 source.path << ":" << i + 1 << ": " << source.lines[i]);
}

BOOST_AUTO_TEST_CASE(headers_open_with_what_they_are_for) {
  for (const auto& source : sources()) {
    if (fs::path(source.path).extension() != ".hpp" || top_folder(source.path) == "tests") continue;
    const bool good = source.lines.size() > 1 && source.lines[0] == "#pragma once" &&
                      source.lines[1].rfind("// ", 0) == 0;
    BOOST_TEST(good, source.path << " does not open with '#pragma once' and a sentence");
  }
}
