#include "actors/bridge/bridge_actor.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/wire/message_codec.hpp"
#include "tests/actors/arrivals.hpp"
#include "tests/fixtures/virtual_time.hpp"

using namespace squall::actors;
using squall::tests::bytes_of;
using squall::tests::VirtualTime;

namespace {

/// What a link does, seen from outside; outlives the link.
struct LinkLog {
  Link::OnFrame deliver;
  std::vector<std::pair<PeerId, Bytes>> sent;
  bool closed = false;
  int connected_anew = 0;
};

class LoggedLink : public Link {
 public:
  explicit LoggedLink(LinkLog& log) : log_(log) {}
  ~LoggedLink() override {
    log_.closed = true;
    log_.deliver = nullptr;
  }
  void start(OnFrame on_frame) override { log_.deliver = std::move(on_frame); }
  void send(const PeerId& peer, Bytes frame) override {
    BOOST_TEST(!log_.closed);
    log_.sent.emplace_back(peer, std::move(frame));
  }
  void reconnect() override { ++log_.connected_anew; }
  LinkCounters counters() const override { return {}; }

 private:
  LinkLog& log_;
};

struct Heard {
  std::vector<EnvelopeArrived> envelopes;
  std::vector<FrameRefused> refused;
};

BridgeListener::behavior_type listening(Heard* heard) {
  return {[heard](EnvelopeArrived& arrived) { heard->envelopes.push_back(std::move(arrived)); },
          [heard](FrameRefused& refused) { heard->refused.push_back(std::move(refused)); }};
}

struct BridgeFixture {
  LinkLog log;
  Heard heard;
  VirtualTime time;
  BridgeListener listener = time.system.spawn([this] { return listening(&heard); });
  BridgeActor bridge = time.system.spawn(bridge_actor, std::shared_ptr<Link>(new LoggedLink(log)),
                                         listener, Sender::agent);

  BridgeFixture() { time.drain(); }
  ~BridgeFixture() {
    // Not by CloseBridge: one that does not work is to fail a test, not to hang it.
    caf::anon_send_exit(bridge, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
    time.drain();
  }
};

Envelope heartbeat() { return {"run", 7, AgentMessage(Heartbeat{std::chrono::milliseconds(3)})}; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bridge, BridgeFixture)

BOOST_AUTO_TEST_CASE(frames_reach_the_listener_decoded) {
  BOOST_TEST_REQUIRE(static_cast<bool>(log.deliver), "the link was not started");
  log.deliver({"peer 1", "worker-1", encode(heartbeat())});
  time.drain();
  BOOST_TEST_REQUIRE(heard.envelopes.size() == 1u);
  const auto& arrived = heard.envelopes[0];
  BOOST_TEST(arrived.peer == "peer 1");
  BOOST_TEST(arrived.identity == "worker-1");
  BOOST_TEST(arrived.envelope.run == "run");
  BOOST_TEST(arrived.envelope.epoch == 7u);
  const auto& message = std::get<AgentMessage>(arrived.envelope.message);
  BOOST_TEST((std::get<Heartbeat>(message).loop_lag == std::chrono::milliseconds(3)));
  BOOST_TEST(heard.refused.empty());
}

BOOST_AUTO_TEST_CASE(rubbish_is_told_in_words_and_what_follows_still_arrives) {
  log.deliver({"babbler", {}, bytes_of("\xff rubbish \xff")});
  log.deliver({"peer 1", "worker-1", encode(heartbeat())});
  time.drain();
  BOOST_TEST_REQUIRE(heard.refused.size() == 1u);
  BOOST_TEST(heard.refused[0].peer == "babbler");
  BOOST_TEST(heard.refused[0].why == "a frame that is not one of Squall's messages");
  BOOST_TEST(heard.envelopes.size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_only_our_own_side_may_say_is_refused) {
  log.deliver({"impostor", {}, encode({"run", 7, CoordinatorMessage(SealAcknowledged{})})});
  time.drain();
  BOOST_TEST(heard.envelopes.empty());
  BOOST_TEST(heard.refused.size() == 1u);
}

BOOST_AUTO_TEST_CASE(envelopes_leave_as_frames_for_their_peer) {
  caf::anon_send(bridge, SendEnvelope{"peer 2", heartbeat()});
  time.drain();
  BOOST_TEST_REQUIRE(log.sent.size() == 1u);
  BOOST_TEST(log.sent[0].first == "peer 2");
  BOOST_TEST((log.sent[0].second == encode(heartbeat())));
}

BOOST_AUTO_TEST_CASE(closing_ends_the_bridge_and_its_link_after_what_was_queued) {
  for (int i = 0; i < 3; ++i) caf::anon_send(bridge, SendEnvelope{"peer", heartbeat()});
  caf::anon_send(bridge, CloseBridge{});
  caf::anon_send(bridge, SendEnvelope{"peer", heartbeat()});
  BOOST_TEST(!log.closed);
  time.drain();
  BOOST_TEST(log.sent.size() == 3u, log.sent.size() << " frames left");
  BOOST_TEST(log.closed, "the link stayed open");
}

BOOST_AUTO_TEST_CASE(a_bridge_that_is_closed_twice_stays_closed) {
  caf::anon_send(bridge, CloseBridge{});
  caf::anon_send(bridge, CloseBridge{});
  time.drain();
  BOOST_TEST(log.closed);
}

BOOST_AUTO_TEST_CASE(a_frame_is_under_way_until_the_listener_has_dealt_with_it) {
  for (const Bytes& frame : {encode(heartbeat()), bytes_of("rubbish")}) {
    auto ticket = std::make_shared<int>(0);
    log.deliver({"peer", {}, frame, ticket});
    BOOST_TEST(ticket.use_count() == 2);
    time.drain();
    heard.envelopes.clear();  // the listener here keeps what it heard
    heard.refused.clear();
    BOOST_TEST(ticket.use_count() == 1);
  }
}

BOOST_AUTO_TEST_CASE(the_link_connects_anew_when_told_to) {
  caf::anon_send(bridge, ConnectAnew{});
  time.drain();
  BOOST_TEST(log.connected_anew == 1);
}

BOOST_AUTO_TEST_SUITE_END()
