// Keys, over real sockets: who comes in, who does not, who is shut out again, and what they hear.

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>

#include "tests/actors/link_peers.hpp"
#include "tests/fixtures/process.hpp"

#ifdef __SANITIZE_THREAD__
// The packaged ZeroMQ is not instrumented, so its own hand-overs between threads look like races.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libzmq.so\n"; }
#endif

using namespace squall::actors;
using namespace squall::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

bool contains(const std::string& whole, const std::string& part) {
  return whole.find(part) != std::string::npos;
}

/// A folder with a coordinator's key and two agents'.
struct Keys {
  Keys() {
    make_coordinator_key(folder.path());
    make_agent_key(folder.path(), "worker-1");
    make_agent_key(folder.path(), "worker-2");
  }
  KeyPair pair(const std::string& name) const {
    return read_key_pair(folder.path() / "agents" / (name + ".key"));
  }
  std::string server() const { return read_public_key(folder.path() / "coordinator.pub"); }
  DealerSecurity agent(const std::string& name) const { return {pair(name), server()}; }
  RouterSecurity coordinator() const { return {folder.path()}; }

  squall::tests::TemporaryFolder folder;
};

struct Agent {
  Agent(const std::string& endpoint, const DealerSecurity& security)
      : link(connect_dealer(endpoint, security)) {
    link->start(inbox.listener());
  }
  bool is_heard() { return greets(*link, inbox); }
  /// Says something for a while, and hears nothing.
  bool is_ignored() {
    const auto end = std::chrono::steady_clock::now() + 300ms;
    const std::size_t before = inbox.all().size();
    while (std::chrono::steady_clock::now() < end) {
      link->send({}, bytes_of("let me in"));
      std::this_thread::sleep_for(5ms);
    }
    return inbox.all().size() == before;
  }
  bool hears_why(const std::string& part) {
    return eventually([&] { return contains(link->last_trouble(), part); });
  }

  Arrivals inbox;
  std::unique_ptr<ZmqLink> link;
};

}  // namespace

BOOST_AUTO_TEST_CASE(agents_with_keys_are_let_in_and_known_by_their_keys_name) {
  Keys keys;
  Echo echo(keys.coordinator());
  Agent one(echo.link->endpoint(), keys.agent("worker-1"));
  Agent two(echo.link->endpoint(), keys.agent("worker-2"));
  BOOST_TEST(one.is_heard());
  BOOST_TEST(two.is_heard());
  std::map<PeerId, std::string> names;
  for (const auto& arrival : echo.inbox.all()) {
    BOOST_TEST((arrival.identity == "worker-1" || arrival.identity == "worker-2"));
    names.emplace(arrival.peer, arrival.identity);
    BOOST_TEST(names.at(arrival.peer) == arrival.identity);
  }
  BOOST_TEST(names.size() == 2u);
  BOOST_TEST(one.link->last_trouble().empty());
  const auto counters = echo.link->counters();
  BOOST_TEST(counters.refused_keys == 0u, "the start-up probe was counted");
  BOOST_TEST(counters.refused_handshakes == 0u);
  for (const auto& item : one.inbox.all()) BOOST_TEST(item.identity.empty());
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_refused_counted_and_told_why) {
  Keys keys;
  Echo echo(keys.coordinator());
  const KeyPair key = make_key_pair();
  Agent stranger(echo.link->endpoint(), {key, keys.server()});
  BOOST_TEST(stranger.hears_why("does not take this agent's key"));
  BOOST_TEST(stranger.is_ignored());
  BOOST_TEST(eventually([&] { return echo.link->counters().refused_keys > 0; }));
  BOOST_TEST(echo.inbox.all().empty());
  // Once it is known it comes in by itself.
  std::ofstream(keys.folder.path() / "agents" / "known-now.pub")
      << "public = \"" << key.public_key << "\"\n";
  BOOST_TEST(stranger.is_heard());
  Agent known(echo.link->endpoint(), keys.agent("worker-1"));
  BOOST_TEST(known.is_heard());
}

BOOST_AUTO_TEST_CASE(a_key_that_was_revoked_before_is_refused) {
  Keys keys;
  const auto agent = keys.agent("worker-1");
  revoke_agent_key(keys.folder.path(), "worker-1");
  Echo echo(keys.coordinator());
  Agent revoked(echo.link->endpoint(), agent);
  BOOST_TEST(revoked.hears_why("does not take this agent's key"));
  BOOST_TEST(revoked.is_ignored());
}

BOOST_AUTO_TEST_CASE(a_key_that_is_revoked_while_connected_is_not_heard_any_more_and_that_is_told) {
  Keys keys;
  Echo echo(keys.coordinator());
  Agent one(echo.link->endpoint(), keys.agent("worker-1"));
  Agent two(echo.link->endpoint(), keys.agent("worker-2"));
  BOOST_TEST(one.is_heard());
  BOOST_TEST(two.is_heard());
  BOOST_TEST(echo.link->revoked_since().empty());
  revoke_agent_key(keys.folder.path(), "worker-1");
  std::vector<std::string> told;
  BOOST_TEST(eventually([&] {
    for (const auto& name : echo.link->revoked_since()) told.push_back(name);
    return !told.empty();
  }));
  BOOST_TEST((told == std::vector<std::string>{"worker-1"}));
  BOOST_TEST(one.is_ignored());
  BOOST_TEST(echo.link->counters().revoked_frames > 0u);
  BOOST_TEST(two.is_heard());
  // A new connection does not help.
  one.link->reconnect();
  BOOST_TEST(one.hears_why("does not take this agent's key"));
  BOOST_TEST(one.is_ignored());
}

BOOST_AUTO_TEST_CASE(a_key_that_is_added_while_running_is_let_in) {
  Keys keys;
  Echo echo(keys.coordinator());
  make_agent_key(keys.folder.path(), "late");
  Agent late(echo.link->endpoint(), keys.agent("late"));
  BOOST_TEST(late.is_heard());
  BOOST_TEST(echo.inbox.all()[0].identity == "late");
}

BOOST_AUTO_TEST_CASE(keys_of_this_run_alone_are_let_in_beside_those_of_the_folder) {
  Keys keys;
  const KeyPair local = make_key_pair();
  Echo echo({keys.folder.path(), false, {{"local-1", local.public_key}}});
  Agent agent(echo.link->endpoint(), {local, keys.server()});
  BOOST_TEST(agent.is_heard());
  BOOST_TEST(echo.inbox.all()[0].identity == "local-1");
}

BOOST_AUTO_TEST_CASE(whoever_has_no_key_is_refused_counted_and_told_why) {
  Keys keys;
  Echo echo(keys.coordinator());
  Agent plain(echo.link->endpoint(), {});
  BOOST_TEST(plain.hears_why("wants keys"));
  BOOST_TEST(plain.is_ignored());
  BOOST_TEST(eventually([&] { return echo.link->counters().refused_handshakes > 0; }));
  BOOST_TEST(echo.inbox.all().empty());
}

BOOST_AUTO_TEST_CASE(an_agent_with_keys_does_not_talk_to_a_coordinator_without) {
  Keys keys;
  Echo echo;
  Agent agent(echo.link->endpoint(), keys.agent("worker-1"));
  BOOST_TEST(agent.hears_why("works without keys"));
  BOOST_TEST(agent.is_ignored());
  BOOST_TEST(echo.inbox.all().empty());
}

BOOST_AUTO_TEST_CASE(an_agent_does_not_talk_to_a_coordinator_with_another_key_than_it_knows) {
  Keys keys, of_somebody_else;
  Echo impostor(of_somebody_else.coordinator());
  // Even when the impostor knows the agent's public key, which is no secret.
  fs::copy_file(keys.folder.path() / "agents" / "worker-1.pub",
                of_somebody_else.folder.path() / "agents" / "known.pub");
  Agent agent(impostor.link->endpoint(), keys.agent("worker-1"));
  BOOST_TEST(agent.hears_why("its key is not the one that --coordinator-key names"));
  BOOST_TEST(agent.is_ignored());
  BOOST_TEST(impostor.inbox.all().empty());
  BOOST_TEST(eventually([&] { return impostor.link->counters().refused_handshakes > 0; }));
}

BOOST_AUTO_TEST_CASE(where_nobody_listens_the_agent_says_so) {
  std::string endpoint;
  {
    Echo gone;
    endpoint = gone.link->endpoint();
  }
  Agent agent(endpoint, {});
  BOOST_TEST(agent.hears_why("nobody listens there"));
  Agent lost("tcp://no-such-host.invalid:5555", {std::nullopt, "", true});
  BOOST_TEST(lost.hears_why("no connection to tcp://no-such-host.invalid:5555"));
}

BOOST_AUTO_TEST_CASE(a_new_connection_is_a_new_peer_with_the_same_name) {
  Keys keys;
  Echo echo(keys.coordinator());
  Agent agent(echo.link->endpoint(), keys.agent("worker-1"));
  BOOST_TEST(agent.is_heard());
  for (int i = 0; i < 5; ++i) {
    const PeerId before = echo.inbox.all().back().peer;
    agent.link->reconnect();
    BOOST_TEST(
        eventually([&] { return agent.is_heard() && echo.inbox.all().back().peer != before; }));
    BOOST_TEST(echo.inbox.all().back().identity == "worker-1");
  }
}

BOOST_AUTO_TEST_CASE(without_what_it_needs_nothing_is_opened) {
  squall::tests::TemporaryFolder empty;
  const auto refusal = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const KeyError& error) {
      return error.what();
    }
    return "accepted";
  };
  BOOST_TEST(contains(refusal([&] { bind_router("tcp://127.0.0.1:*", {empty.path()}); }),
                      "squall keys make --coordinator"));
  Keys keys;
  BOOST_TEST(contains(refusal([&] {
                        connect_dealer("tcp://127.0.0.1:5555", {keys.pair("worker-1"), ""});
                      }),
                      "--coordinator-key"));
  fs::permissions(keys.folder.path() / "coordinator.key", fs::perms::group_read,
                  fs::perm_options::add);
  BOOST_TEST(contains(refusal([&] { bind_router("tcp://127.0.0.1:*", keys.coordinator()); }),
                      "chmod 600"));
}

BOOST_AUTO_TEST_CASE(with_keys_other_interfaces_may_be_listened_at) {
  Keys keys;
  const auto link = bind_router("tcp://0.0.0.0:*", keys.coordinator());
  BOOST_TEST(contains(link->endpoint(), "tcp://0.0.0.0:"));
}
