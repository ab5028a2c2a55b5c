#pragma once
// Who understands what: the typed handles of every actor, with the messages they exchange inside
// one process. What crosses between processes is in messages.hpp.
//
//   coordinator                                     agent
//   run actor <-> bridge actor <== ZeroMQ ==> bridge actor <-> agent actor
//                                                                 | prepare, begin, stop
//                                     pacer -> virtual users -> target (engine)
//                                                     |             |
//                                                     +-> recorder <+
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
#include "actors/messages.hpp"
#include "scenarios/load/load_plan.hpp"

namespace squall::actors {

// ---- bridge: frames <-> messages

struct FrameArrived {
  PeerId peer;
  Bytes frame;
};
struct SendEnvelope {
  PeerId peer;
  Envelope envelope;
};
struct EnvelopeArrived {
  PeerId peer;
  Envelope envelope;
};
struct CloseBridge {};  // send what is queued, then end
struct FrameRefused {   // a frame that is not of our protocol; the receiver counts and bounds them
  PeerId peer;
  std::string why;
};

// ---- agent: what the load says

/// One request on its way to a target; the target makes the prompt from the plan.
struct LoadRequest {
  std::uint64_t id = 0;
  Phase phase = Phase::measure;
  Instant scheduled;
  Instant dispatched;
  Instant deadline;
  scenarios::RequestPlan plan;
};
struct Wake {  // from the pacer: it is time for this user, or this arrival
  Instant intended;
  std::uint64_t item = 0;
};
struct RequestIssued {
  Phase phase = Phase::measure;
  Instant at;
};
struct RequestNotSent {  // came due after the load was told to stop
  Phase phase = Phase::measure;
};
struct RequestEnded {
  RequestTimeline timeline;
};
struct TargetProgress {  // after each engine step
  std::uint64_t tokens = 0;
  nanoseconds engine_cpu{0};  // cumulative
};
struct StopUser {};
struct UserStopped {};

// ---- agent: preparing and ending

struct PrepareTarget {
  std::shared_ptr<const scenarios::Scenario> scenario;
  std::string folder;  // what relative paths start from
};
struct TargetReady {
  std::string model_name;
  std::string model_fingerprint;
  bool model_is_synthetic = false;
  std::string instruction_set;
  std::uint32_t threads = 0;
  nanoseconds load_time{0};
  std::string model_choice{};  // and who made it: "prefer-real (scenario)"
  std::string model_origin{};  // where the model came from
  std::vector<std::string> warnings{};
};
struct TargetFailed {
  std::string message;
  bool user_can_fix = false;
};
struct StepTarget {};
struct AbandonOpen {  // every open request ends now, with this outcome
  RequestOutcome outcome;
};
struct BeginRecording {
  Instant start;
};
struct TakeSnapshot {
  Instant until;
};
struct SnapshotTaken {
  MetricsSnapshot snapshot;
};
struct PacerStarted {
  nanoseconds start_error{0};
};
struct StopPacing {};

// ---- clocks and signals

struct Tick {
  Instant due;
};
struct Interrupt {};   // Ctrl-C
struct EndActors {};   // the program is about to end
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
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::LoadRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::RequestIssued)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::RequestNotSent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::RequestEnded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TargetProgress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::StopUser)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::UserStopped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::PrepareTarget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TargetReady)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TargetFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::StepTarget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::AbandonOpen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::BeginRecording)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::TakeSnapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::SnapshotTaken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::PacerStarted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::StopPacing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Interrupt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::EndActors)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::ProcessEnded)

namespace squall::actors {

/// Sends envelopes, and passes on those that arrive.
using BridgeActor = caf::typed_actor<caf::reacts_to<FrameArrived>,  // from the link's thread
                                     caf::reacts_to<SendEnvelope>,  // to a peer, or dropped
                                     caf::reacts_to<CloseBridge>>;

/// Whoever a bridge passes messages to.
using BridgeListener = caf::typed_actor<caf::reacts_to<EnvelopeArrived>,  //
                                        caf::reacts_to<FrameRefused>>;

/// Leads one run: gathers agents, starts them together, keeps their metrics, ends.
using RunActor = caf::typed_actor<caf::reacts_to<EnvelopeArrived>,  // an agent speaks
                                  caf::reacts_to<FrameRefused>,     // or babbles
                                  caf::reacts_to<Tick>,             // silence is noticed here,
                                  caf::reacts_to<ProcessEnded>,     // or sooner, for local agents
                                  caf::reacts_to<Interrupt>,        // drain briefly and end
                                  caf::reacts_to<EndActors>>;       // whatever the stage

/// Drives one agent's share of the load.
using AgentActor = caf::typed_actor<caf::reacts_to<EnvelopeArrived>,  // the coordinator speaks
                                    caf::reacts_to<FrameRefused>,     // or babbles
                                    caf::reacts_to<Tick>,             // heartbeat, snapshot, lease
                                    caf::reacts_to<TargetReady>,      // the model is loaded
                                    caf::reacts_to<TargetFailed>,     // or cannot be
                                    caf::reacts_to<PacerStarted>,   // how late the first start was
                                    caf::reacts_to<SnapshotTaken>,  // becomes a batch
                                    caf::reacts_to<UserStopped>,    // starts nothing any more
                                    caf::reacts_to<Interrupt>>;     // leave

/// Starts requests and hears how they ended: one user of the closed model, or all open arrivals.
using UserActor = caf::typed_actor<caf::reacts_to<Wake>,          // start a request
                                   caf::reacts_to<RequestEnded>,  // record it, think, ask again
                                   caf::reacts_to<StopUser>>;     // answered by UserStopped

/// Counts and measures; hands out what happened since the last snapshot.
using RecorderActor = caf::typed_actor<caf::reacts_to<BeginRecording>,  //
                                       caf::reacts_to<RequestIssued>,   //
                                       caf::reacts_to<RequestNotSent>,  //
                                       caf::reacts_to<TargetProgress>,  //
                                       caf::reacts_to<RequestEnded>,    //
                                       caf::reacts_to<TakeSnapshot>>;   // -> SnapshotTaken

struct Submit {
  LoadRequest request;
  UserActor user;  // hears RequestEnded, exactly once
};
struct WakeAt {
  UserActor user;
  Instant instant;
  std::uint64_t item = 0;
};

}  // namespace squall::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::Submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(squall::actors::WakeAt)

namespace squall::actors {

/// Answers requests: the embedded engine; servers later.
using TargetActor =
    caf::typed_actor<caf::reacts_to<PrepareTarget>,  // -> TargetReady or TargetFailed
                     caf::reacts_to<Submit>,         //
                     caf::reacts_to<StepTarget>,     // from itself, while busy
                     caf::reacts_to<AbandonOpen>>;   //

/// Wakes users at absolute instants, whatever else is going on.
using PacerActor = caf::typed_actor<caf::reacts_to<WakeAt>,       //
                                    caf::reacts_to<StopPacing>>;  // forgets all wakes

}  // namespace squall::actors
