// squall run --dashboard and --metrics as people use them: a viewer, a Prometheus of Debian, and
// others who should not see anything. Without a program `prometheus` its test is skipped and says
// so.

#include <boost/test/unit_test.hpp>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <sstream>
#include <thread>

#include "tests/coordinator/dashboard/web_clients.hpp"
#include "tests/end_to_end/campaign.hpp"

namespace {

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

/// Empty: there is none.
std::string program_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto program = std::filesystem::path(folder) / name;
    if (access(program.c_str(), X_OK) == 0) return program.string();
  }
  return {};
}

bool soon(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + 40s;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

struct Watched {
  Campaign campaign;

  /// A run of a target that fails now and then, with a name that is no name.
  std::string scenario(const std::string& measure) const {
    return campaign.folder.write(
        "watched.toml",
        "name = \"<script>alert(1)</script>\"\nseed = 7\nthresholds = [\"error_rate < 90%\"]\n"
        "[target]\nkind = \"simulated\"\nerror_rate = 0.1\n"
        "first_token = { distribution = \"lognormal\", mean = \"40ms\", deviation = \"20ms\" }\n"
        "token_gap = \"4ms\"\n"
        "[arrivals]\nprocess = \"constant\"\nrate = 40.0\n[answers]\ntokens = 8\n"
        "[phases]\nwarm_up = \"1s\"\nmeasure = \"" +
            measure + "\"\ndrain = \"2s\"\n");
  }

  /// The first URL after `what` in what squall says, and its parts.
  struct Url {
    std::string host, path;
    int port = 0;
  };
  static Url url_after(const Process& process, const std::string& what) {
    const std::regex url(what + ":\\s+http://([0-9.]+):([0-9]+)(/\\S*)");
    std::smatch match;
    std::string said;
    soon([&] {
      said = process.err();
      return std::regex_search(said, match, url);
    });
    if (match.empty()) return {};
    return {match[1], match[3], std::stoi(match[2])};
  }
};

class Prometheus {
 public:
  Prometheus(const std::string& program, const Campaign& campaign, int target)
      : port_(free_port()),
        process_(
            {program,
             "--config.file=" + campaign.folder.write("prometheus.yml", config(target)).string(),
             "--storage.tsdb.path=" + campaign.path("prometheus"),
             "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=warn"}) {}
  ~Prometheus() { process_.signal(SIGTERM); }

  /// None: it does not know, or is not there yet.
  std::optional<double> ask(const std::string& expression) const {
    std::string query;
    for (const unsigned char c : expression) {
      char text[4];
      std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned>(c));
      query += std::isalnum(c) != 0 ? std::string(1, static_cast<char>(c)) : text;
    }
    HttpClient client(port_);
    if (!client.connected()) return std::nullopt;
    const auto answer = client.get("/api/v1/query?query=" + query);
    const json told = json::parse(answer.body, nullptr, false);
    if (told.is_discarded() || told["status"] != "success") return std::nullopt;
    const json& result = told["data"]["result"];
    if (result.size() != 1) return std::nullopt;
    return std::stod(result[0]["value"][1].get<std::string>());
  }

 private:
  static std::string config(int target) {
    return "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
           "scrape_configs:\n- job_name: squall\n  static_configs:\n  - targets: ['127.0.0.1:" +
           std::to_string(target) + "']\n";
  }

  int port_;
  Process process_;
};

}  // namespace

namespace {

/// What a Prometheus has at the end, held against the report.
void check_totals(const Prometheus& prometheus, const json& report) {
  for (const std::string phase : {"warm_up", "measure"}) {
    const json& part = report["phases"][phase];
    const auto total = [&](const std::string& metric, const std::string& labels = "") {
      return prometheus.ask(metric + "{phase=\"" + phase + "\"" + labels + "}").value_or(-1);
    };
    for (const std::string outcome : {"ok", "error", "timeout", "cancelled", "open_at_end"})
      BOOST_TEST(total("squall_run_requests_total", ",outcome=\"" + outcome + "\"") ==
                     part["ledger"][outcome].get<double>(),
                 phase << " " << outcome);
    const auto ok = part["ledger"]["ok"].get<double>();
    BOOST_TEST(total("squall_run_issued_total") == part["ledger"]["issued"].get<double>());
    BOOST_TEST(total("squall_run_output_tokens_total") == part["output_tokens"].get<double>());
    BOOST_TEST(total("squall_run_ttft_seconds_count") == ok);
    BOOST_TEST(total("squall_run_e2e_seconds_bucket", ",le=\"+Inf\"") == ok);
  }
  // It looked on while the run went on, not only at its end.
  const auto seen = prometheus.ask("count_over_time(squall_run_elapsed_seconds[10m])").value_or(0);
  const auto changes =
      prometheus.ask("changes(squall_run_issued_total{phase=\"measure\"}[10m])").value_or(0);
  BOOST_TEST_MESSAGE("scrapes: " << seen << ", of them with new totals: " << changes);
  BOOST_TEST(seen >= 5);
  BOOST_TEST(changes >= 1);
  BOOST_TEST(prometheus.ask("squall_run_exit_code").value_or(-1) ==
             report["verdict"]["exit_code"].get<double>());
}

/// Each expression of deploy/grafana/squall.json, as Grafana asks it, had an answer at some time.
void check_grafana(const Prometheus& prometheus) {
  std::ifstream file("deploy/grafana/squall.json");
  const json dashboard = json::parse(file);
  const std::pair<std::string, std::string> variables[] = {
      {"$scenario", ".*"}, {"$run", ".*"}, {"$__rate_interval", "1m"}};
  std::size_t asked = 0;
  for (const json& panel : dashboard["panels"])
    for (const json& target : panel["targets"]) {
      auto expression = target["expr"].get<std::string>();
      for (const auto& [name, value] : variables)
        for (std::size_t at = 0; (at = expression.find(name, at)) != std::string::npos;)
          expression.replace(at, name.size(), value);
      const std::string answers = "count(count_over_time((" + expression + ")[2m:500ms]))";
      BOOST_TEST(prometheus.ask(answers).value_or(0) > 0, expression);
      ++asked;
    }
  BOOST_TEST(asked > 20u);
}

void check_last_picture(const std::string& heard, const json& report) {
  const std::size_t last = heard.rfind("data: ");
  BOOST_REQUIRE(last != std::string::npos);
  const json picture = json::parse(heard.substr(last + 6));
  BOOST_TEST(picture["scenario"] == "<script>alert(1)</script>");
  BOOST_TEST(picture["stage"] == "finished");
  // A machine that is busy with other things makes a run that cannot be believed.
  BOOST_TEST(picture["end"]["exit_code"] == report["verdict"]["exit_code"]);
  BOOST_TEST(picture["end"]["sentence"] == report["verdict"]["sentence"]);
  BOOST_TEST(picture["banners"][0].get<std::string>().starts_with("SIMULATED TARGET"));
  BOOST_TEST(contains(heard, "\"stage\":\"measuring\""));
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(whoever_looks_on_ends_with_the_figures_of_the_report, Watched) {
  const auto run = campaign.squall({"run", scenario("2s"), "--dashboard", "--metrics-linger", "60s",
                                    "--json", campaign.path("run.json")});
  const Url url = url_after(*run, "dashboard");
  BOOST_REQUIRE_GT(url.port, 0);
  BOOST_TEST(url.host == "127.0.0.1");
  const std::string program = program_in_path("prometheus");
  std::optional<Prometheus> prometheus;
  if (!program.empty()) prometheus.emplace(program, campaign, url.port);
  const std::string page = fetched(url.port, url.path);
  BOOST_TEST(status_of(page) == 200);
  BOOST_TEST(!contains(page, "alert(1)"));
  BOOST_TEST(status_of(fetched(url.port, "/", "evil.example")) == 421);
  const auto viewer = viewer_at(url.port);
  const auto sleeper = viewer_at(url.port);  // never reads: the run must not wait for it
  BOOST_TEST(viewer->read_to_end());
  BOOST_TEST(soon([&] { return contains(run->out(), "verdict: "); }));
  BOOST_TEST(soon([&] { return contains(run->err(), "metrics stay for"); }));

  const json report = campaign.report();
  BOOST_TEST(report["phases"]["measure"]["ledger"]["ok"].get<double>() > 20);
  BOOST_TEST(report["phases"]["measure"]["ledger"]["error"].get<double>() > 0);
  check_last_picture(viewer->received(), report);
  if (prometheus) {
    BOOST_TEST(soon([&] { return prometheus->ask("squall_run_finished") == 1; }));
    check_totals(*prometheus, report);
    check_grafana(*prometheus);
  } else {
    BOOST_TEST_MESSAGE("skipped: there is no Prometheus here; install prometheus");
  }
  run->signal(SIGINT);
  BOOST_TEST(run->wait(20s) == report["verdict"]["exit_code"].get<int>());
}

BOOST_FIXTURE_TEST_CASE(beyond_this_machine_it_takes_the_token, Watched) {
  const auto run = campaign.squall({"run", "--metrics", "0.0.0.0", scenario("20s")});
  const Url url = url_after(*run, "metrics");
  BOOST_REQUIRE_GT(url.port, 0);
  const std::size_t token = url.path.find("?token=");
  BOOST_REQUIRE(token != std::string::npos);
  BOOST_TEST(url.path.substr(token + 7).size() == 32u);
  BOOST_TEST(status_of(fetched(url.port, "/metrics")) == 401);
  BOOST_TEST(status_of(fetched(url.port, "/metrics?token=" + std::string(32, '0'))) == 401);
  BOOST_TEST(status_of(fetched(url.port, url.path)) == 200);
  BOOST_TEST(status_of(fetched(url.port, "/" + url.path.substr(token))) == 404);  // no page
  run->signal(SIGINT);
  BOOST_TEST(run->wait(20s) == 130);
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_served_is_a_usage_error_that_leaves_nothing, Watched) {
  const std::string file = scenario("20s");
  const auto refused = [&](std::vector<std::string> words, const std::string& message) {
    words.insert(words.begin(), "run");
    const auto run = campaign.squall(words);
    BOOST_TEST(run->wait(20s) == 2);
    BOOST_TEST(contains(run->err(), message), run->err());
  };
  refused({file, "--dashboard", "--metrics"}, "--dashboard serves /metrics, too");
  refused({file, "--metrics-linger", "5s"}, "add one");
  refused({file, "--dashboard", "--metrics-linger", "soon"}, "a duration such as 15s");
  refused({file, "--dashboard", "example.org:80"}, "--dashboard takes an address such as");
  // An option without an address does not swallow the scenario.
  const auto first = campaign.squall({"run", "--dashboard", file});
  const Url url = url_after(*first, "dashboard");
  BOOST_REQUIRE_GT(url.port, 0);
  refused({file, "--dashboard", std::to_string(url.port)}, "choose another port");
  std::size_t kept = 0;
  for (const auto& each :
       std::filesystem::directory_iterator(campaign.folder.path() / "state" / "runs"))
    kept += each.is_directory() ? 1 : 0;
  BOOST_TEST(kept == 1u);  // of the run that goes on
  first->signal(SIGINT);
  BOOST_TEST(first->wait(20s) == 130);
}
