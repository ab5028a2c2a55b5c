#include "coordinator/report/run_warnings.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall;
using namespace squall::coordinator;

namespace {

struct Agents {
  explicit Agents(std::size_t count) : records(count) {
    for (std::size_t i = 0; i < count; ++i) {
      records[i].hello.name = "local-" + std::to_string(i + 1);
      records[i].ready.emplace();
      records[i].ready->model_name = "big";
      records[i].ready->model_fingerprint = "0011";
    }
  }
  void warn(std::size_t agent, const std::string& text) {
    records.at(agent).ready->warnings.push_back(text);
  }
  std::vector<std::string> warnings() const {
    std::vector<const AgentRecord*> agents;
    for (const AgentRecord& record : records) agents.push_back(&record);
    return run_warnings(agents);
  }
  std::vector<AgentRecord> records;
};

using Texts = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(what_every_agent_says_is_told_once) {
  Agents agents(3);
  for (std::size_t i = 0; i < 3; ++i) agents.warn(i, "no checksum");
  BOOST_TEST((agents.warnings() == Texts{"no checksum"}));
  BOOST_TEST(Agents(3).warnings().empty());
  BOOST_TEST(Agents(0).warnings().empty());
}

BOOST_AUTO_TEST_CASE(what_some_agents_say_is_told_with_their_names) {
  Agents agents(6);
  agents.warn(4, "alone");
  for (std::size_t i = 1; i < 6; ++i) agents.warn(i, "most of us");
  BOOST_TEST((agents.warnings() ==
              Texts{"local-2, local-3, local-4 and 2 more agents: most of us", "local-5: alone"}));
}

BOOST_AUTO_TEST_CASE(agents_that_ran_different_models_are_told_apart) {
  Agents agents(3);
  agents.records[1].ready.reset();  // was lost before it was ready
  agents.records[2].ready->model_name = "synthetic:llama-15m/q8_0";
  agents.records[2].ready->model_fingerprint = "4455";
  BOOST_TEST((agents.warnings() == Texts{"the agents did not all run the same model: local-1 big "
                                         "(0011), local-3 synthetic:llama-15m/q8_0 (4455)"}));
}
