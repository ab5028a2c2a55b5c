#include "coordinator/report/campaign_tables.hpp"

#include <algorithm>

#include "coordinator/run/audit.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t most_members = 50;
constexpr std::size_t most_sentences = 20;

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
    text += (i == 0 ? "" : ", ") + printable(names[i], 24);
  if (names.size() > most) text += " and " + plural(names.size() - most, "more agent");
  return text;
}

std::string in_words(const LossRow& loss) {
  std::string text = printable(loss.agent, 24) + " was lost at " + readable(loss.at) + ": " +
                     printable(loss.why, 200) + "; ";
  if (loss.handed_over)
    return text + "it came back and handed over all " + readable_count(loss.batches) +
           " batches, until " + readable(loss.known_until);
  return text + "known until " + readable(loss.known_until) + " (batch " +
         readable_count(loss.batches) + "), " + plural(loss.unaccounted, "request") +
         " of its plan not accounted for";
}

/// In whole seconds of users' time, as load is thought of there.
std::string user_seconds(double seconds) { return readable_rate(seconds) + " s of users' time"; }

std::string nobody_asked(const MoveRow& move) {
  const MovedWork& work = move.work;
  if (!work.known) return "; what nobody asked meanwhile cannot be counted without the trace";
  const std::string between =
      "; between " + readable(move.idle_from) + " and " + readable(move.from) + " nobody asked ";
  if (work.due_seconds > 0 || work.idle_seconds > 0)
    return between + user_seconds(work.idle_seconds) + ", and the ramp left out " +
           user_seconds(std::max(0.0, work.due_seconds - work.taken_seconds));
  return between + plural(work.idle, "request") + ", and the ramp left out " +
         readable_count(work.left_out());
}

std::string in_words(const MoveRow& move) {
  std::string text = "the work of " + printable(move.agent, 24) + " went to " + some_of(move.to) +
                     " from " + readable(move.from) + " on, rising over " + readable(move.ramp);
  if (move.taken < move.orders)
    text += " (" + readable_count(move.orders - move.taken) + " of " +
            plural(move.orders, "order") + " never confirmed)";
  return text + nobody_asked(move);
}

std::string turned_away_in_words(const CampaignReport& campaign) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* noun, const char* what) {
    if (count == 0) return;
    text += (text.empty() ? "" : ", ") + plural(count, noun) + what;
  };
  const actors::LinkCounters& link = campaign.turned_away;
  add(link.refused_keys, "unknown or revoked key", "");
  add(link.refused_handshakes, "broken handshake", "");
  add(link.revoked_frames, "frame", " of a revoked key");
  add(link.refused_parts, "frame", " in several parts");
  add(link.flooded, "frame", " beyond what may wait of one agent");
  add(campaign.protocol_errors, "frame",
      campaign.protocol_errors == 1 ? " that was none of ours" : " that were none of ours");
  return text;
}

std::string members_state(const CampaignMember& member) {
  std::string text = member.state;
  if (member.paused > nanoseconds{0}) text += ", paused " + readable(member.paused);
  return text;
}

std::string labels_of(const CampaignMember& member) {
  std::string text;
  for (const std::string& label : member.labels) text += (text.empty() ? "" : " ") + label;
  return printable(text, 60);
}

}  // namespace

TextTable members_table(const CampaignReport& campaign) {
  TextTable rows("lllrl");
  if (!campaign.worth_telling()) return rows;
  rows.add({{"agent", Style::dim},
            {"host", Style::dim},
            {"labels", Style::dim},
            {"weight", Style::dim},
            {"state", Style::dim}});
  std::size_t shown = 0;
  for (const CampaignMember& member : campaign.members) {
    if (shown++ == most_members) break;
    std::string name = printable(member.name, 24);
    if (!member.identity.empty()) name += " (key " + printable(member.identity, 24) + ")";
    const bool good = member.state == "to the end";
    rows.add({{name},
              {printable(member.host, 24)},
              {labels_of(member)},
              {readable_count(member.weight)},
              {members_state(member), good ? Style::plain : Style::bad}});
  }
  return rows;
}

std::vector<std::string> campaign_sentences(const CampaignReport& campaign) {
  std::vector<std::string> sentences;
  if (!campaign.worth_telling()) return sentences;
  if (campaign.members.size() > most_members)
    sentences.push_back("and " + plural(campaign.members.size() - most_members, "more agent") +
                        "; see --json");
  if (!campaign.security.empty())
    sentences.push_back("connections at " + printable(campaign.endpoint, 60) + ": " +
                        printable(campaign.security, 100));
  for (const LossRow& row : campaign.losses) sentences.push_back(in_words(row));
  for (const MoveRow& row : campaign.moves) sentences.push_back(in_words(row));
  for (const CoordinatorGap& gap : campaign.gaps)
    sentences.push_back("the coordinator was gone from " + readable(gap.from) + " to " +
                        readable(gap.to));
  if (campaign.start_spread && *campaign.start_spread > audit_limits::start_spread)
    sentences.push_back("the agents began " + readable(*campaign.start_spread) + " apart");
  // Nobody wrote down what a process that was killed had counted.
  const std::string since =
      campaign.gaps.empty() ? "" : " since the coordinator came back the last time";
  if (const std::string text = turned_away_in_words(campaign); !text.empty())
    sentences.push_back("turned away" + since + ": " + text);
  if (const std::uint64_t frames = campaign.turned_away.undeliverable; frames > 0)
    sentences.push_back(plural(frames, "frame") + " could not be delivered" + since +
                        ": whoever they were for was gone, or did not read them");
  if (sentences.size() > most_sentences) {
    const std::size_t more = sentences.size() - most_sentences;
    sentences.resize(most_sentences);
    sentences.push_back("and " + plural(more, "more thing") + " to know; see --json");
  }
  return sentences;
}

}  // namespace squall::coordinator
