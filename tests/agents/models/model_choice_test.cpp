// Which model is taken, in which order it is looked for, and what is said about it.

#include "agents/models/model_choice.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "agents/models/decompressed_model.hpp"
#include "tests/agents/models/download_fixture.hpp"
#include "tests/fixtures/compressed_bytes.hpp"

using namespace squall::agents;
using namespace squall::tests;
using namespace squall::fixtures;
using squall::scenarios::ModelChoice;
using squall::scenarios::TargetSettings;
namespace fs = std::filesystem;

namespace {

struct Fixture : DownloadFixture {
  TargetSettings target;
  ModelEnvironment environment;

  Fixture() {
    content = model_of(20'000);
    for (const char* name : {"scenarios", "first", "second", "cache/models"})
      fs::create_directories(folder.path() / name);
    environment.places = {folder.path() / "scenarios",
                          {folder.path() / "first", folder.path() / "cache" / "models"},
                          model_endings()};
    environment.cache = folder.path() / "cache";
    target.model = "tiny";
  }

  fs::path put(const std::string& name) const { return folder.write(name, content); }
  ChosenModel choose() const { return choose_model(target, environment, context); }
  std::string refusal() const {
    try {
      choose();
      return {};
    } catch (const ModelError& error) {
      return error.what();
    }
  }
  void offer(const HttpServer& server, const std::string& path = "/tiny.gguf") {
    target.sources = {server.url(path)};
    target.sha256 = digest_of(content);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(choices, Fixture)

BOOST_AUTO_TEST_CASE(a_real_model_is_found_by_path_environment_folders_and_cache_in_this_order) {
  const fs::path in_cache = put("cache/models/tiny.gguf");
  BOOST_TEST(choose().model == in_cache);
  const fs::path in_folder = put("first/tiny.gguf");
  BOOST_TEST(choose().model == in_folder);
  const fs::path elsewhere = put("second/tiny.gguf");
  environment.model = elsewhere;
  BOOST_TEST(choose().model == elsewhere);
  BOOST_TEST(choose().origin == elsewhere);
  BOOST_TEST(choose().warnings.empty());
  const fs::path at_path = put("scenarios/tiny.gguf");
  target.model = "./tiny.gguf";
  BOOST_TEST(fs::equivalent(choose().model, at_path));
  BOOST_TEST(choose().choice == "real (default)");
}

BOOST_AUTO_TEST_CASE(a_missing_real_model_is_an_error_that_tells_every_step) {
  const HttpServer server(
      [](const HttpRequest&, HttpConnection& connection) { connection.answer("404 Not Found"); });
  offer(server);
  environment.model = "/nowhere/x.gguf";
  put("first/tiny-q8_0.gguf");
  const std::string message = refusal();
  for (const std::string& part :
       {std::string("there is no model 'tiny'"), std::string("/nowhere/x.gguf"),
        (folder.path() / "first/tiny").string() + ".gguf|.gguf.zst|.gguf.gz",
        (folder.path() / "cache/models/tiny").string(), std::string("did you mean tiny-q8_0?"),
        server.url("/tiny.gguf") + ": answered 404", std::string("choice: real (default)"),
        std::string("prefer-real")})
    BOOST_TEST(says(message, part), "'" << part << "' is not in: " << message);
}

BOOST_AUTO_TEST_CASE(prefer_real_takes_the_real_one_without_a_word) {
  target.model_choice = ModelChoice::prefer_real;
  const fs::path real = put("first/tiny.gguf");
  const ChosenModel chosen = choose();
  BOOST_TEST(chosen.model == real);
  BOOST_TEST(chosen.choice == "prefer-real (scenario)");
  BOOST_TEST(chosen.warnings.empty());
}

BOOST_AUTO_TEST_CASE(prefer_real_falls_back_with_a_warning_of_one_line) {
  target.model_choice = ModelChoice::prefer_real;
  target.fallback = "synthetic:llama-15m/q4_0";
  target.sources = {"https://127.0.0.1:1/tiny.gguf"};
  const ChosenModel chosen = choose();
  BOOST_TEST(chosen.model == "synthetic:llama-15m/q4_0");
  BOOST_TEST(chosen.origin.empty());
  BOOST_REQUIRE(chosen.warnings.size() == 1u);
  const std::string& warning = chosen.warnings[0];
  BOOST_TEST(says(warning,
                  "synthetic:llama-15m/q4_0 stands in for the real model: there is no "
                  "model 'tiny'"));
  BOOST_TEST(says(warning, "https://127.0.0.1:1/tiny.gguf: "));
  BOOST_TEST(!says(warning, "\n"));
}

BOOST_AUTO_TEST_CASE(a_damaged_model_is_an_error_and_never_replaced) {
  target.model_choice = ModelChoice::prefer_real;
  folder.write("first/tiny.gguf.gz", gzip_of(content).substr(0, 1000));
  BOOST_TEST(says(refusal(), "cannot decompress"));
}

BOOST_AUTO_TEST_CASE(synthetic_takes_the_fallback_or_what_the_scenario_names) {
  put("first/tiny.gguf");
  target.model_choice = ModelChoice::synthetic;
  BOOST_TEST(choose().model == "synthetic:llama-15m/q8_0");
  BOOST_TEST(choose().choice == "synthetic (scenario)");
  target.model_choice.reset();
  target.model = "synthetic:llama-135m/q8_0";
  BOOST_TEST(choose().model == "synthetic:llama-135m/q8_0");
  BOOST_TEST(choose().choice == "synthetic (default)");
  BOOST_TEST(choose().warnings.empty());
  environment.model = "/some/model.gguf";
  BOOST_REQUIRE(choose().warnings.size() == 1u);
  BOOST_TEST(says(choose().warnings[0], "SQUALL_MODEL is set but not used"));
}

BOOST_AUTO_TEST_CASE(the_environment_overrules_the_scenario_and_says_so) {
  const fs::path real = put("first/tiny.gguf");
  environment.choice = "synthetic";
  ChosenModel chosen = choose();
  BOOST_TEST(chosen.model == "synthetic:llama-15m/q8_0");
  BOOST_TEST(chosen.choice == "synthetic (SQUALL_MODEL_CHOICE)");
  BOOST_REQUIRE(chosen.warnings.size() == 1u);
  BOOST_TEST(says(chosen.warnings[0], "SQUALL_MODEL_CHOICE makes this a run on a synthetic model"));

  target.model = "synthetic:llama-15m/q8_0";
  environment.choice = "real";
  BOOST_TEST(says(refusal(), "SQUALL_MODEL is not set"));
  environment.model = real;
  chosen = choose();
  BOOST_TEST(chosen.model == real);
  BOOST_TEST(chosen.warnings.size() == 2u);  // another choice, and another model

  environment.choice = "prefer-real";
  environment.model = "/nowhere.gguf";
  BOOST_TEST(choose().model == "synthetic:llama-15m/q8_0");

  environment.choice = "reel";
  BOOST_TEST(says(refusal(), "SQUALL_MODEL_CHOICE is 'reel'; it may be real, prefer-real or"));
}

BOOST_AUTO_TEST_CASE(an_environment_that_repeats_the_scenario_is_no_news) {
  put("first/tiny.gguf");
  environment.choice = "real";
  BOOST_TEST(choose().choice == "real (SQUALL_MODEL_CHOICE)");
  BOOST_TEST(choose().warnings.empty());
}

BOOST_AUTO_TEST_CASE(a_model_that_is_nowhere_is_downloaded_into_the_cache_once) {
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"");
  });
  offer(server);
  const ChosenModel chosen = choose();
  BOOST_TEST(chosen.model == (folder.path() / "cache/models/tiny.gguf"));
  BOOST_TEST(says(chosen.origin, ", downloaded from " + server.url("/tiny.gguf")));
  BOOST_TEST(chosen.warnings.empty());
  BOOST_TEST((read_file(chosen.model) == content));
  BOOST_TEST(choose().model == chosen.model);
  target.model = "somewhere/tiny.gguf";  // a path that is not there is kept under its name
  BOOST_TEST(choose().model == chosen.model);
  BOOST_TEST(server.requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_compressed_model_is_taken_wherever_it_is) {
  const std::string plain = content;
  folder.write("first/tiny.gguf.zst", zstd_of(plain));
  ChosenModel chosen = choose();
  BOOST_TEST(fs::path(chosen.model).filename() == "tiny.gguf");
  BOOST_TEST((read_file(chosen.model) == plain));
  BOOST_TEST(says(chosen.origin, "tiny.gguf.zst, decompressed to "));
  fs::remove(folder.path() / "first/tiny.gguf.zst");

  content = gzip_of(plain);
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"");
  });
  offer(server, "/tiny.gguf.gz?download=1");
  chosen = choose();
  BOOST_TEST((read_file(chosen.model) == plain));
  BOOST_TEST(fs::exists(folder.path() / "cache/models/tiny.gguf.gz"));
}

BOOST_AUTO_TEST_CASE(without_a_cache_directory_a_download_says_what_is_missing) {
  target.sources = {"https://127.0.0.1:1/tiny.gguf"};
  environment.cache.clear();
  BOOST_TEST(says(refusal(), "set XDG_CACHE_HOME or HOME"));
}

BOOST_AUTO_TEST_CASE(the_machines_own_environment_is_read) {
  ::setenv("SQUALL_MODEL_CHOICE", "prefer-real", 1);
  ::setenv("SQUALL_MODEL", "/srv/m.gguf", 1);
  ::setenv("XDG_CACHE_HOME", "/var/cache", 1);
  const ModelEnvironment own = model_environment("here");
  BOOST_TEST(own.choice == "prefer-real");
  BOOST_TEST(own.model == "/srv/m.gguf");
  BOOST_TEST(own.cache == "/var/cache/squall");
  BOOST_TEST(own.places.relative_to == "here");
  BOOST_TEST(own.places.endings.size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
