// From a model's name to its file, and what is said when there is none.

#include "agents/engine/model/model_locator.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>

#include "agents/engine/model/model.hpp"

using namespace squall::agents;
namespace fs = std::filesystem;

namespace {

struct Folders {
  Folders() {
    std::string pattern = (fs::temp_directory_path() / "squall-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    root = pattern;
    for (const char* name : {"first", "second", "scenarios"}) fs::create_directory(root / name);
    places = {root / "scenarios", {root / "first", root / "second"}};
  }
  ~Folders() { fs::remove_all(root); }

  fs::path file(const std::string& name) const {
    std::ofstream(root / name) << "content";
    return root / name;
  }
  std::string refusal(const std::string& wanted) const {
    try {
      locate_model(wanted, places);
      return {};
    } catch (const ModelError& error) {
      return error.what();
    }
  }

  fs::path root;
  ModelPlaces places;
};

bool says(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_path_is_taken_as_it_is_or_from_the_scenarios_folder, Folders) {
  const fs::path absolute = file("model.gguf");
  BOOST_TEST(locate_model(absolute.string(), places) == absolute);
  file("scenarios/own.gguf");
  BOOST_TEST(locate_model("own.gguf", places) == root / "scenarios/own.gguf");
  BOOST_TEST(fs::equivalent(locate_model("../model.gguf", places), absolute));
}

BOOST_FIXTURE_TEST_CASE(a_name_is_looked_for_in_each_directory_in_order, Folders) {
  const fs::path in_second = file("second/tiny.gguf");
  BOOST_TEST(locate_model("tiny", places) == in_second);
  const fs::path in_first = file("first/tiny.gguf");
  BOOST_TEST(locate_model("tiny", places) == in_first);
  BOOST_TEST(locate_model("tiny.gguf", places) == in_first);
}

BOOST_FIXTURE_TEST_CASE(a_missing_model_says_where_it_was_looked_for_and_what_is_near, Folders) {
  file("first/stories-q8_0.gguf");
  file("second/stories-q4_0.gguf");
  file("second/unrelated-model.gguf");
  const std::string message = refusal("stories-q9_0");
  BOOST_TEST(says(message, "there is no model 'stories-q9_0'"));
  BOOST_TEST(says(message, (root / "first/stories-q9_0.gguf").string()));
  BOOST_TEST(says(message, (root / "second/stories-q9_0.gguf").string()));
  BOOST_TEST(says(message, "did you mean stories-q4_0, stories-q8_0?"));
  BOOST_TEST(!says(message, "unrelated"));
  BOOST_TEST(says(message, "synthetic:llama-15m/q8_0"));
  BOOST_TEST(says(refusal("stories"), "did you mean stories-q4_0, stories-q8_0?"));
}

BOOST_FIXTURE_TEST_CASE(a_missing_path_is_looked_for_as_a_path_only, Folders) {
  file("first/tiny.gguf");
  const std::string message = refusal("elsewhere/tiny.gguf");
  BOOST_TEST(says(message, (root / "scenarios/elsewhere/tiny.gguf").string()));
  BOOST_TEST(!says(message, (root / "first").string() + "/"));
  BOOST_TEST(says(message, "did you mean tiny?"));
  BOOST_TEST(says(refusal(""), "no model is named"));
}

BOOST_AUTO_TEST_CASE(the_usual_places_follow_the_environment) {
  const char* names[] = {"SQUALL_MODELS", "XDG_CACHE_HOME", "HOME"};
  ::setenv(names[0], "/srv/models", 1);
  ::setenv(names[1], "/var/cache", 1);
  BOOST_TEST((usual_model_places("here").directories ==
              std::vector<fs::path>{"/srv/models", "models", "/var/cache/squall/models"}));
  ::unsetenv(names[0]);
  ::unsetenv(names[1]);
  ::setenv(names[2], "/home/somebody", 1);
  const ModelPlaces places = usual_model_places("here");
  BOOST_TEST(places.relative_to == "here");
  BOOST_TEST((places.directories ==
              std::vector<fs::path>{"models", "/home/somebody/.cache/squall/models"}));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_no_model_is_refused_by_name, Folders) {
  const std::string path = file("first/text.gguf").string();
  try {
    load_model(path);
    BOOST_ERROR("a text file should not load");
  } catch (const ModelError& error) {
    BOOST_TEST(says(error.what(), path + ": this is no GGUF file"));
  }
}
