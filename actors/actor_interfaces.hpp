#pragma once
// Who understands what: the typed handles of every actor, with the messages they exchange inside
// one process. What crosses between processes is in messages.hpp.
//
//   coordinator                                     agent
//   run actor <-> bridge actor <== ZeroMQ ==> bridge actor <-> agent actor
//                                                                 | prepare, begin, stop
//                                                pacer <-> users <-> target (engine, server, law)
//                                                            |          |
//                                                            +-> recorder <- progress, events
//
// These structs never leave the process, so CAF is told not to serialize them.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/bridge/link.hpp"
#include "actors/load_request.hpp"
#include "actors/messages.hpp"
#include "actors/metrics/counted_start.hpp"
#include "actors/target_ready.hpp"

namespace squall::actors {

// ---- bridge: frames <-> messages

struct FrameArrived {
  Arrival arrival;
};
struct SendEnvelope {
  PeerId peer;
  Envelope envelope;
};
struct EnvelopeArrived {
  PeerId peer;
  Envelope envelope;
  std::string identity{};                   // name of the peer's key; empty without keys
  std::shared_ptr<const void> under_way{};  // see Arrival: ends when this has been handled
};
struct CloseBridge {};  // send what is queued, then end
struct ConnectAnew {};  // an agent's connection has been silent for long
struct FrameRefused {   // a frame that is not of our protocol; the receiver counts and bounds them
  PeerId peer;
  std::string why;
  std::shared_ptr<const void> under_way{};
};

// ---- agent: what the load says

struct DueWake {  // `item` is the users' own name for whom, or for which arrival
  std::uint64_t item = 0;
  Instant intended;
};
struct WakesDue {  // from the pacer, in order of time: all that is due by now
  std::vector<DueWake> wakes;
};
struct StartsCounted {
  std::vector<CountedStart> starts;
};
struct RequestEnded {
  RequestTimeline timeline;
};
struct TargetProgress {  // now and then while the target answers
  std::uint64_t tokens = 0;
  nanoseconds engine_cpu{0};  // cumulative
};
struct TargetHappened {  // for the run's timeline: "circuit breaker open: 5 failures in a row"
  Instant at;
  std::string what;
};
struct PauseUsers {  // no lease: what comes due is counted as cancelled, until ResumeUsers;
  Instant at;        // closed model: users wait, and ask when they are resumed
};
struct ResumeUsers {
  Instant at;
  Instant until = Instant::max();  // users pause by themselves then: a process that was stopped may
};                                 // find wakes before it finds out that its lease is over
struct AddShare {                  // of a lost agent, beside what these users do already
  std::shared_ptr<const scenarios::LoadPlan> plan;
};
struct StopUsers {
  Instant at;  // what was due before is still sent, if the load ends by plan; else counted only
};
struct UsersStopped {};  // nothing starts any more, and all that came due has been counted

// ---- agent: after the drain, sampled prompts are asked again at rest

struct CheckAnswers {  // agent -> users, who kept the sampled requests and their answers
  Instant until;       // when that has passed, the check ends at once
};
struct AnswerChecked {  // users -> recorder, for each that was asked again
  bool agreed = false;
};
struct AnswersChecked {};  // users -> agent: all of them, or the time is over

// ---- agent: preparing and ending

struct PrepareLoad {  // read prompts; then the target is prepared
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::string folder;  // what relative paths start from
  scenarios::AgentShare share;
  std::shared_ptr<const scenarios::Trace> trace{};  // of a replay, else none
};
struct LoadPrepared {};
struct Calibrated {  // what this agent can drive, measured while nothing else runs
  Calibration calibration;
};
struct PrepareTarget {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::string folder;
  scenarios::AgentShare share;
};
struct TargetFailed {  // or the prompts
  std::string message;
  bool user_can_fix = false;
};
struct BeginLoad {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::shared_ptr<const scenarios::LoadPlan> plan;
  Instant start;  // the run's common start, on this machine's clock
};
struct BeginTarget {  // offsets such as freezes count from here
  Instant start;
};
struct AbandonOpen {  // every open request ends now, with this outcome
  RequestOutcome outcome;
};
struct BeginRecording {
  Instant start;
  std::size_t categories = 1;                  // as in the scenario
  std::vector<scenarios::Threshold> levels{};  // likewise: service_levels
};
struct TakeSnapshot {
  Instant until;
};
struct SnapshotTaken {
  MetricsSnapshot snapshot;
};
struct ResourcesSampled {
  ResourceSample sample;
};
struct PacerStarted {
  nanoseconds start_error{0};
};
struct WakeAt {
  Instant instant;
  std::uint64_t item = 0;
};
struct StopPacing {  // delivers what is due before `at`, forgets the rest -> PacingStopped
  Instant at;
};
struct PacingStopped {};  // no wake comes after it

// ---- clocks and signals

struct Tick {
  Instant due;
};
struct Interrupt {};  // Ctrl-C
struct EndActors {};  // the program is about to end
struct CommitNow {};  // a run's journal takes all that has come by now, then the answers leave
struct KeyRevoked {   // of an agent, by whoever keeps the list of keys
  std::string identity;
};
struct ChangeThreshold {     // of the run, by whoever leads it
  std::uint64_t number = 0;  // of the wish; its answer says it again
  std::string text;
  bool unset = false;
};
struct ProcessEnded {  // a local agent's process
  std::uint64_t process_id = 0;
  std::string how;  // in words: "killed by signal 9"
};

}  // namespace squall::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::FrameArrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::SendEnvelope)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::EnvelopeArrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::CloseBridge)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::FrameRefused)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::WakesDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::StartsCounted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::RequestEnded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TargetProgress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TargetHappened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::StopUsers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::PauseUsers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::ResumeUsers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::AddShare)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::ConnectAnew)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::UsersStopped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::PrepareLoad)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::LoadPrepared)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::PrepareTarget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TargetReady)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TargetFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::CheckAnswers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::AnswerChecked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::AnswersChecked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Calibrated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::BeginLoad)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::BeginTarget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::AbandonOpen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::BeginRecording)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TakeSnapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::SnapshotTaken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::ResourcesSampled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::PacerStarted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::WakeAt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::StopPacing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::PacingStopped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Interrupt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::EndActors)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::CommitNow)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::KeyRevoked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::ChangeThreshold)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::ProcessEnded)

namespace squall::actors {

/// Sends envelopes, and passes on those that arrive.
using BridgeActor = caf::typed_actor<caf::reacts_to<FrameArrived>,  // from the link's thread
                                     caf::reacts_to<SendEnvelope>,  // to a peer, or dropped
                                     caf::reacts_to<ConnectAnew>,   //
                                     caf::reacts_to<CloseBridge>>;

/// Whoever a bridge passes messages to.
using BridgeListener = caf::typed_actor<caf::reacts_to<EnvelopeArrived>,  //
                                        caf::reacts_to<FrameRefused>>;

/// Leads one run: gathers agents, starts them together, keeps their metrics, ends.
using RunActor = caf::typed_actor<caf::reacts_to<EnvelopeArrived>,  // an agent speaks
                                  caf::reacts_to<FrameRefused>,     // or babbles
                                  caf::reacts_to<Tick>,             // silence is noticed here,
                                  caf::reacts_to<CommitNow>,        // to itself
                                  caf::reacts_to<ProcessEnded>,     // or sooner, for local agents
                                  caf::reacts_to<KeyRevoked>,       // or this
                                  caf::reacts_to<ChangeThreshold>,  //
                                  caf::reacts_to<Interrupt>,        // drain briefly and end
                                  caf::reacts_to<EndActors>>;       // whatever the stage

/// Drives one agent's share of the load.
using AgentActor = caf::typed_actor<caf::reacts_to<EnvelopeArrived>,  // the coordinator speaks
                                    caf::reacts_to<FrameRefused>,     // or babbles
                                    caf::reacts_to<Tick>,             // heartbeat, snapshot, lease
                                    caf::reacts_to<LoadPrepared>,     // the prompts are read
                                    caf::reacts_to<TargetReady>,      // the model is loaded
                                    caf::reacts_to<TargetFailed>,     // one of them cannot be
                                    caf::reacts_to<Calibrated>,       // the agent's own limits
                                    caf::reacts_to<PacerStarted>,    // how late the first start was
                                    caf::reacts_to<SnapshotTaken>,   // becomes a batch
                                    caf::reacts_to<UsersStopped>,    // nothing starts any more
                                    caf::reacts_to<AnswersChecked>,  // sampled prompts again
                                    caf::reacts_to<Interrupt>>;      // leave

/// All virtual users of one agent: the closed model's, or whoever makes the open arrivals.
using UsersActor =
    caf::typed_actor<caf::reacts_to<PrepareLoad>,   // -> LoadPrepared or TargetFailed, to the agent
                     caf::reacts_to<BeginLoad>,     // before the common start
                     caf::reacts_to<WakesDue>,      // start these requests
                     caf::reacts_to<RequestEnded>,  // from the target's threads: record, go on
                     caf::reacts_to<PauseUsers>,    //
                     caf::reacts_to<ResumeUsers>,   //
                     caf::reacts_to<AddShare>,      //
                     caf::reacts_to<StopUsers>,     // -> UsersStopped, to the agent
                     caf::reacts_to<PacingStopped>,
                     caf::reacts_to<CheckAnswers>>;  // -> AnswersChecked, to the agent

/// Counts and measures; hands out what happened since the last snapshot.
using RecorderActor = caf::typed_actor<caf::reacts_to<BeginRecording>,    //
                                       caf::reacts_to<StartsCounted>,     // before any of them ends
                                       caf::reacts_to<TargetProgress>,    //
                                       caf::reacts_to<TargetHappened>,    //
                                       caf::reacts_to<RequestEnded>,      //
                                       caf::reacts_to<AnswerChecked>,     // after the drain
                                       caf::reacts_to<ResourcesSampled>,  // once a second
                                       caf::reacts_to<TakeSnapshot>>;     // -> SnapshotTaken

/// Looks once a second what machine and process use, on a thread of its own: no request waits for
/// that.
using ResourceActor = caf::typed_actor<caf::reacts_to<BeginRecording>,  // before the common start
                                       caf::reacts_to<Tick>>;  // to itself -> ResourcesSampled

struct Submit {
  LoadRequest request;
  UsersActor users;  // hears RequestEnded, exactly once
};
struct BeginPacing {  // wakes go to `users`; sent again, it brings one more stream
  UsersActor users;
  std::shared_ptr<scenarios::ArrivalStream> first_wakes;  // pulled as they are needed
  Instant start;                                          // what the stream's instants count from
};

}  // namespace squall::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::BeginPacing)

namespace squall::actors {

/// The thin adapter around a class Target (agents/targets/target.hpp), which has threads of its
/// own: TargetEvents::ended sends RequestEnded straight from them to Submit::users, moved;
/// `progress` and `happened` send TargetProgress and TargetHappened to the recorder likewise.
/// Handlers take Submit by non-const reference and move the request on.
using TargetActor =
    caf::typed_actor<caf::reacts_to<PrepareTarget>,  // -> TargetReady or TargetFailed
                     caf::reacts_to<BeginTarget>,    //
                     caf::reacts_to<Submit>,         //
                     caf::reacts_to<AbandonOpen>>;   //

/// Wakes users at absolute instants, whatever else is going on.
using PacerActor = caf::typed_actor<caf::reacts_to<BeginPacing>,  //
                                    caf::reacts_to<WakeAt>,       // once more, by users
                                    caf::reacts_to<StopPacing>>;  // -> PacingStopped, to users

}  // namespace squall::actors
