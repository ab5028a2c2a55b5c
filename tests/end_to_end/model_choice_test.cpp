// From a scenario that names a real model to reports that say which model it was: real programs,
// real sockets, a download from a server of the test.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agents/models/sha256.hpp"
#include "tests/fixtures/compressed_bytes.hpp"
#include "tests/fixtures/http_server.hpp"
#include "tests/fixtures/process.hpp"
#include "tests/fixtures/tiny_llama.hpp"

using namespace squall::tests;
using namespace squall::fixtures;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string programs = SQUALL_PROGRAMS;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string tiny_model() {
  auto writer = tiny_llama();
  const auto bytes = writer.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Fixture {
  TemporaryFolder folder;
  std::string out, err;

  /// A run of half a second whose [target] is `target`; its exit code.
  int run(const std::string& target, std::vector<std::string> environment = {},
          const std::string& agents = "1") {
    const auto scenario = folder.write(
        "test.toml", "name = \"x\"\n[target]\n" + target +
                         "\n[users]\ncount = 1\n[prompts]\ntokens = 4\n[answers]\ntokens = 4\n"
                         "[phases]\nmeasure = \"500ms\"\ndrain = \"5s\"\n");
    environment.push_back("XDG_CACHE_HOME=" + (folder.path() / "cache").string());
    environment.push_back("no_proxy=*");
    Process process(
        {programs + "/squall", "run", scenario, "--json", json_path(), "--agents", agents},
        environment);
    const int code = process.wait(60s);
    out = process.out();
    err = process.err();
    BOOST_TEST_MESSAGE(out << err);
    return code;
  }
  std::string json_path() const { return (folder.path() / "run.json").string(); }
  json report() const { return json::parse(read_file(json_path())); }
};

/// Judged in whatever way: on a busy machine a run may be called invalid.
bool was_run(int code) { return code == 0 || code == 12 || code == 13; }

/// Written over several lines of the summary, read as one.
std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(model_choice, Fixture)

BOOST_AUTO_TEST_CASE(a_missing_model_in_prefer_real_warns_in_every_output) {
  BOOST_REQUIRE(was_run(run("model = \"no-such-model\"\nmodel_choice = \"prefer-real\"")));
  const std::string warning =
      "synthetic:llama-15m/q8_0 stands in for the real model: there is no model 'no-such-model'";
  BOOST_TEST(contains(unwrapped(out), "warning: " + warning));
  BOOST_TEST(contains(out, "*** SYNTHETIC MODEL"));
  BOOST_TEST(contains(unwrapped(out), "choice prefer-real (scenario)"));
  BOOST_TEST(contains(err, "warning: " + warning));  // while it ran
  const json run = report();
  BOOST_REQUIRE(run.at("warnings").size() == 1u);
  BOOST_TEST(contains(run.at("warnings").at(0).get<std::string>(), warning));
  BOOST_TEST(run.at("agents").at(0).at("warnings") == run.at("warnings"));
  BOOST_TEST(run.at("agents").at(0).at("model_choice") == "prefer-real (scenario)");
  BOOST_TEST(run.at("agents").at(0).at("model_is_synthetic") == true);
}

BOOST_AUTO_TEST_CASE(a_missing_model_alone_ends_the_run_before_it_begins) {
  BOOST_TEST(run("model = \"no-such-model\"") == 2);
  BOOST_TEST(contains(err, "there is no model 'no-such-model'"));
  BOOST_TEST(contains(err, "prefer-real"));
  BOOST_TEST(!fs::exists(json_path()));
}

BOOST_AUTO_TEST_CASE(a_compressed_model_is_downloaded_decompressed_and_run) {
  const std::string packed = zstd_of(tiny_model());
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, packed, "\"one\"");
  });
  const std::string digest = squall::agents::sha256_of_file(folder.write("packed", packed));
  const std::string target = "model = \"tiny\"\nsources = [\"" + server.url("/tiny.gguf.zst") +
                             "\"]\nsha256 = \"" + digest + "\"";
  for (const char* agents : {"3", "1"}) {  // three processes that want it at once, and a later one
    BOOST_REQUIRE(was_run(run(target, {}, agents)));
    const json agent = report().at("agents").back();
    BOOST_TEST(agent.at("model_is_synthetic") == false);
    BOOST_TEST(agent.at("model") == "tiny");
    BOOST_TEST(contains(agent.at("model_origin").get<std::string>(), "tiny.gguf.zst"));
    BOOST_TEST(agent.at("warnings").empty());
    BOOST_TEST(!contains(out, "SYNTHETIC"));
  }
  BOOST_TEST(server.requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_environment_turns_any_scenario_into_one_on_a_real_model) {
  const auto model = folder.write("mine.gguf", tiny_model());
  BOOST_REQUIRE(was_run(run("model = \"synthetic:llama-15m/q8_0\"",
                            {"SQUALL_MODEL_CHOICE=real", "SQUALL_MODEL=" + model.string()})));
  const json run = report();
  BOOST_TEST(run.at("agents").at(0).at("model_choice") == "real (SQUALL_MODEL_CHOICE)");
  BOOST_TEST(run.at("agents").at(0).at("model_origin") == model.string());
  BOOST_TEST(run.at("warnings").size() == 2u);
  BOOST_TEST(contains(unwrapped(out), "warning: SQUALL_MODEL_CHOICE makes this a run on a real"));
}

BOOST_AUTO_TEST_CASE(an_interrupted_download_leaves_no_process_behind) {
  const HttpServer server([&](const HttpRequest&, HttpConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nGGUF");
    connection.stall();
  });
  const auto scenario =
      folder.write("test.toml", "name = \"x\"\n[target]\nmodel = \"tiny\"\nsources = [\"" +
                                    server.url("/tiny.gguf") + "\"]\nsha256 = \"" +
                                    std::string(64, '0') + "\"\n[users]\n");
  Process process({programs + "/squall", "run", scenario},
                  {"XDG_CACHE_HOME=" + folder.path().string(), "no_proxy=*"});
  for (int i = 0; i < 1000 && server.requests().empty(); ++i) std::this_thread::sleep_for(10ms);
  BOOST_REQUIRE(!server.requests().empty());
  const auto children = process.children();
  process.signal(SIGINT);
  BOOST_TEST(process.wait(10s) == 130);
  for (const pid_t child : children) BOOST_TEST(!process_exists(child));
}

BOOST_AUTO_TEST_SUITE_END()
