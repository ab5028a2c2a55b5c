// A tokenizer that the scenario names counts the prompts of a server that does not say how many
// tokens they were.

#include <boost/test/unit_test.hpp>

#include "agents/targets/make_target.hpp"
#include "agents/targets/prompt_text.hpp"
#include "tests/agents/openai/scripted_server.hpp"
#include "tests/fixtures/process.hpp"
#include "tests/fixtures/target_driver.hpp"
#include "tests/fixtures/tiny_models.hpp"

using namespace squall;
using namespace squall::tests;
using namespace squall::fixtures;

BOOST_AUTO_TEST_CASE(a_given_tokenizer_counts_prompts_where_the_server_tells_none) {
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
    visit.begin_stream();
    visit.send_chunk("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n");
    visit.end_stream();
  }));
  const TemporaryFolder folder;
  const auto model = tiny_model(tiny_shape("llama")).bytes();
  folder.write("tiny.gguf", {reinterpret_cast<const char*>(model.data()), model.size()});
  const std::string prompt = "twelve bytes";
  const auto encoded =
      agents::load_tokenizer(folder.path() / "tiny.gguf")->encode(prompt, {.add_beginning = false});
  BOOST_REQUIRE(encoded.size() != 3u);  // the estimate

  for (const std::string tokenizer : {"", "tiny.gguf"}) {
    scenarios::Scenario scenario;
    scenario.target.kind = scenarios::TargetKind::openai;
    scenario.target.openai.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/v1";
    scenario.target.openai.tokenizer = tokenizer;
    TargetDriver driver([&](agents::TargetEvents events) {
      return agents::make_target(scenario, {.folder = folder.path(), .share = {}},
                                 std::move(events));
    });
    const auto timeline = driver.ask(prompt);
    BOOST_TEST(in_words(timeline.outcome) == "completed");
    BOOST_TEST(timeline.prompt_tokens == (tokenizer.empty() ? 3u : encoded.size()));
  }
}
