// Whoever can reach a coordinator's port may do there what they like, in the midst of a run: the
// run goes on, its counts stay exact, what happened is told, and memory stays bounded.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "actors/bridge/curve_keys.hpp"
#include "actors/messages.hpp"
#include "actors/wire/message_codec.hpp"
#include "scenarios/load/random.hpp"
#include "tests/failures/raw_peer.hpp"
#include "tests/failures/zmq_peer.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall;
using namespace squall::tests;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using boost::unit_test::disabled;
using boost::unit_test::label;
using nlohmann::json;

namespace {

const std::filesystem::path programs = SQUALL_PROGRAMS;
constexpr std::size_t mebibyte = std::size_t{1} << 20;
// A million parts of an unfinished message cost ZeroMQ 64 bytes each; floods may fill queues.
constexpr std::size_t memory_allowed = 96 * mebibyte;

std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(probe, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
  close(probe);
  return ntohs(address.sin_port);
}

std::string garbage(scenarios::Random& random, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random.next());
  return text;
}

actors::Bytes bytes_of(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

actors::Envelope hello(const std::string& name, std::uint64_t epoch) {
  actors::Hello greeting;
  greeting.name = name;
  greeting.tool_version = "0.0.0";
  greeting.host = "nowhere";
  return {"", epoch, actors::AgentMessage(greeting)};
}

/// The first field of an envelope is its version, of one byte.
actors::Bytes of_another_version(actors::Bytes frame) {
  BOOST_REQUIRE(
      (frame.at(0) == std::byte{0x08} && frame.at(1) == std::byte{actors::protocol_version}));
  frame[1] = std::byte{99};
  return frame;
}

bool is_batch(const actors::Bytes& frame) {
  const auto decoded = actors::decode(frame, actors::Sender::agent);
  const auto* envelope = std::get_if<actors::Envelope>(&decoded);
  if (envelope == nullptr) return false;
  const auto* message = std::get_if<actors::AgentMessage>(&envelope->message);
  return message != nullptr && std::holds_alternative<actors::MetricsBatch>(*message);
}

/// A run of two agents on loopback, one of them behind a relay; attacked by the test.
struct Run {
  const unsigned planned;  // requests
  TemporaryFolder folder;
  const std::uint16_t port = free_port();
  const std::string endpoint = "tcp://127.0.0.1:" + std::to_string(port);
  const std::filesystem::path keys = folder.path() / "keys";
  std::optional<Process> coordinator, direct_agent, relayed_agent;
  std::optional<MessageRelay> relay;

  enum class With { no_keys, keys };
  Run(With with, unsigned measure_seconds) : planned(40 * (1 + measure_seconds)) {
    if (with == With::keys) {
      actors::make_coordinator_key(keys);
      for (const char* name : {"direct", "relayed", "traitor"}) actors::make_agent_key(keys, name);
    }
    const auto scenario = folder.write(
        "attacked.toml",
        "name = \"attacked\"\nseed = 3\nthresholds = [\"error_rate < 50%\"]\n[target]\nkind = "
        "\"simulated\"\nfirst_token = \"20ms\"\ntoken_gap = \"5ms\"\n[arrivals]\nprocess = "
        "\"constant\"\nrate = 40\n[answers]\ntokens = 4\n[agents]\nmay_pause = \"30s\"\n"
        "[phases]\nwarm_up = \"1s\"\nmeasure = \"" +
            std::to_string(measure_seconds) + "s\"\ndrain = \"5s\"\n");
    const std::vector<std::string> state{"SQUALL_STATE=" + (folder.path() / "state").string()};
    std::vector<std::string> run{(programs / "squall").string(),
                                 "run",
                                 scenario.string(),
                                 "--listen",
                                 endpoint,
                                 "--agents",
                                 "2",
                                 "--json",
                                 (folder.path() / "run.json").string()};
    auto direct = agent("direct", endpoint);
    if (with == With::keys) {
      run.insert(run.end(), {"--keys", keys.string()});
      direct.insert(direct.end(), {"--keys", (keys / "agents" / "direct.key").string(),
                                   "--coordinator-key", (keys / "coordinator.pub").string()});
    }
    coordinator.emplace(run, state);
    relay.emplace(endpoint, with == With::keys ? std::optional(keys_of("relayed")) : std::nullopt);
    direct_agent.emplace(direct, state);
    relayed_agent.emplace(agent("relayed", relay->endpoint()), state);
  }
  PeerKeys keys_of(const std::string& agent) const {
    return {actors::read_key_pair(keys / "agents" / (agent + ".key")),
            actors::read_public_key(keys / "coordinator.pub")};
  }
  static std::vector<std::string> agent(const std::string& name, const std::string& to) {
    return {(programs / "squall-agent").string(),
            "--connect",
            to,
            "--name",
            name,
            "--agents-here",
            "2"};
  }
  std::string output() const {
    return coordinator->out() + coordinator->err() + direct_agent->err() + relayed_agent->err();
  }
  /// Until figures flow; false: it took too long.
  bool wait_for_load() const {
    const auto until = Clock::now() + 60s;
    while (Clock::now() < until) {
      for (const auto& frame : relay->recorded())
        if (is_batch(frame)) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }
  /// Of the coordinator: a line of /proc/PID/status, in bytes.
  std::size_t memory(const std::string& line) const {
    std::istringstream text(read_file("/proc/" + std::to_string(coordinator->pid()) + "/status"));
    for (std::string word; text >> word;) {
      std::size_t kibibytes = 0;
      if (word == line + ":" && text >> kibibytes) return kibibytes << 10;
    }
    return 0;
  }
};

/// Bytes that are no protocol of ours, and connections that are opened and closed for nothing.
void send_garbage(std::uint16_t port) {
  scenarios::Random random(11);
  for (int i = 0; i < 50; ++i) {
    RawPeer peer(port);
    peer.send(garbage(random, 4096));
  }
  RawPeer(port).send("GET / HTTP/1.1\r\nHost: coordinator\r\n\r\n");
  RawPeer(port).send("\x16\x03\x01\x02\x01\x01");  // a TLS greeting
  RawPeer(port).send("\xff");
  for (int i = 0; i < 100; ++i) RawPeer peer(port);
}

void claim_a_gibibyte(std::uint16_t port) {
  RawPeer peer(port);
  BOOST_TEST(peer.shake_hands());
  BOOST_TEST(peer.send(RawPeer::claim(std::uint64_t{1} << 30)));
  BOOST_TEST(peer.is_cut_within(5s), "whoever claims to send 1 GiB is listened to");
}

void send_a_million_tiny_frames(std::uint16_t port, bool as_parts_of_one) {
  RawPeer peer(port);
  BOOST_TEST(peer.shake_hands());
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += RawPeer::tiny_frame(as_parts_of_one);
  for (int i = 0; i < 1000; ++i)
    if (!peer.send(thousand)) return;  // cut off: that may well be
}

void flood(const std::string& endpoint, const actors::Bytes& frame, std::chrono::seconds time) {
  ZmqPeer peer(endpoint);
  for (const auto until = Clock::now() + time; Clock::now() < until;) peer.send(frame);
}

/// Envelopes that say what cannot be, or nothing.
void send_nonsense(const std::string& endpoint) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto most_unsigned = std::numeric_limits<std::uint64_t>::max();
  actors::Heartbeat beat;
  beat.sent = most;
  beat.loop_lag = actors::nanoseconds(-1);
  beat.clock_offset = actors::nanoseconds(most);
  actors::Sealed sealed;
  sealed.batches = most_unsigned;
  actors::MetricsBatch batch;
  batch.sequence = std::uint64_t{1} << 50;
  actors::Ready ready;
  ready.planned_requests = most_unsigned;
  const actors::Started started{actors::nanoseconds(most)};
  const std::vector<actors::AgentMessage> messages{beat, sealed, batch, ready, started};
  ZmqPeer peer(endpoint);
  for (const auto& message : messages)
    peer.send(actors::encode(actors::Envelope{"no such run", 77, message}));
  // What only a coordinator may say.
  peer.send(
      actors::encode(actors::Envelope{"", 77, actors::CoordinatorMessage(actors::StopLoad{0ns})}));
  ZmqPeer giant(endpoint);
  giant.send(std::string(2 * mebibyte, 'x'));
  giant.send(actors::encode(hello(std::string(mebibyte, 'n'), 78)));
  scenarios::Random random(12);
  ZmqPeer noise(endpoint);
  for (int i = 0; i < 100; ++i) noise.send(garbage(random, 200));
}

/// Refused in words that name both versions.
void speak_another_version(const std::string& endpoint) {
  ZmqPeer peer(endpoint);
  peer.send(of_another_version(actors::encode(hello("stranger", 79))));
  std::string reason;
  for (int i = 0; i < 25 && reason.empty(); ++i) {
    const auto decoded = actors::decode(peer.receive(), actors::Sender::coordinator);
    const auto* envelope = std::get_if<actors::Envelope>(&decoded);
    if (envelope == nullptr) continue;
    const auto* message = std::get_if<actors::CoordinatorMessage>(&envelope->message);
    if (const auto* rejected = message ? std::get_if<actors::Rejected>(message) : nullptr)
      reason = rejected->reason;
  }
  for (const std::uint32_t version : {std::uint32_t{99}, actors::protocol_version})
    BOOST_TEST(reason.find("version " + std::to_string(version)) != std::string::npos,
               "the reason: " << reason);
}

/// What the agent said before is said again: on its own connection, and by a stranger.
void replay(Run& run) {
  std::vector<actors::Bytes> batches;
  for (const auto& frame : run.relay->recorded())
    if (is_batch(frame)) batches.push_back(frame);
  BOOST_TEST(!batches.empty());
  ZmqPeer stranger(run.endpoint);
  for (int times = 0; times < 5; ++times) {
    run.relay->say_again(batches);
    for (const auto& each : batches) stranger.send(each);
    std::this_thread::sleep_for(100ms);
  }
}

/// The run ends as if nobody had disturbed it, and its coordinator stayed within bounds.
json check_nothing_was_lost(Run& run, std::size_t memory_before) {
  const auto most = run.memory("VmHWM");
  const int code = run.coordinator->wait(90s);
  const std::string output = run.output();
  BOOST_TEST_MESSAGE(output);
  BOOST_TEST_MESSAGE("coordinator's memory: " << memory_before / mebibyte << " MiB before, at most "
                                              << most / mebibyte << " MiB");
  BOOST_TEST(most < memory_before + memory_allowed);
  BOOST_TEST((code == 0 || code == 13), "exit code " << code);

  const json report = json::parse(read_file(run.folder.path() / "run.json"));
  BOOST_TEST(report.at("broken").is_null());
  const auto& account = report.at("ledger").at("total").at("account");
  BOOST_TEST(account.at("planned") == run.planned);
  for (const char* none : {"lost", "surplus", "not_sent"}) BOOST_TEST(account.at(none) == 0, none);
  BOOST_TEST(account.at("completed") == account.at("planned"));
  BOOST_TEST(report.at("agents").size() == 2u);
  for (const auto& agent : report.at("agents")) {
    BOOST_TEST(agent.at("lost").is_null());
    BOOST_TEST(agent.at("batches") == agent.at("sealed_batches"));
  }
  return report;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_coordinator)

BOOST_AUTO_TEST_CASE(outlives_hostile_peers_and_counts_exactly) {
  Run run(Run::With::no_keys, 18);
  BOOST_REQUIRE_MESSAGE(run.wait_for_load(), run.output());
  const auto before = run.memory("VmRSS");

  speak_another_version(run.endpoint);  // first: strangers get only so many answers a second
  std::vector<RawPeer> half_open;
  for (int i = 0; i < 200; ++i) {
    half_open.emplace_back(run.port);
    BOOST_REQUIRE(half_open.back().connected());
  }
  send_garbage(run.port);
  claim_a_gibibyte(run.port);
  send_a_million_tiny_frames(run.port, false);
  send_a_million_tiny_frames(run.port, true);
  send_nonsense(run.endpoint);
  replay(run);
  flood(run.endpoint, actors::encode(hello("flood", 80)), 2s);
  flood(run.endpoint, bytes_of("no envelope"), 1s);
  BOOST_TEST(run.coordinator->wait({}) == -1, "the run did not go on");
  for (auto& each : half_open) BOOST_TEST(each.is_cut_within(10s));

  const json report = check_nothing_was_lost(run, before);
  const json& turned_away = report.at("campaign").at("turned_away");
  BOOST_TEST_MESSAGE("turned away: " << turned_away.dump());
  for (const char* what : {"handshakes", "frames_not_ours"})
    BOOST_TEST(turned_away.at(what).get<std::uint64_t>() > 0u, what);
}

BOOST_AUTO_TEST_CASE(with_keys_listens_to_nobody_else, *label("long") * disabled()) {
  const auto stranger = actors::make_key_pair();  // before any context of ZeroMQ
  Run run(Run::With::keys, 20);
  BOOST_REQUIRE_MESSAGE(run.wait_for_load(), run.output());
  const auto before = run.memory("VmRSS");
  std::vector<actors::Bytes> batches;
  for (const auto& frame : run.relay->recorded())
    if (is_batch(frame)) batches.push_back(frame);

  send_garbage(run.port);
  RawPeer plain(run.port);
  plain.shake_hands();
  BOOST_TEST(plain.is_cut_within(10s), "a peer without keys is listened to");
  ZmqPeer without_keys(run.endpoint);
  without_keys.send(actors::encode(hello("without", 82)));
  ZmqPeer unknown(run.endpoint, PeerKeys{stranger, run.keys_of("direct").coordinator_public});
  unknown.send(actors::encode(hello("unknown", 81)));
  // Trusted, but not to speak for another.
  ZmqPeer traitor(run.endpoint, run.keys_of("traitor"));
  for (const auto& each : batches) traitor.send(each);
  for (const auto until = Clock::now() + 2s; Clock::now() < until;)
    traitor.send(bytes_of("no envelope"));
  actors::revoke_agent_key(run.keys, "traitor");
  std::this_thread::sleep_for(2s);
  for (const auto until = Clock::now() + 1s; Clock::now() < until;) traitor.send(batches.front());
  const json report = check_nothing_was_lost(run, before);
  const json& turned_away = report.at("campaign").at("turned_away");
  BOOST_TEST_MESSAGE("turned away: " << turned_away.dump());
  for (const char* what : {"keys", "handshakes", "revoked_frames", "frames_not_ours"})
    BOOST_TEST(turned_away.at(what).get<std::uint64_t>() > 0u, what);
}

BOOST_AUTO_TEST_SUITE_END()
