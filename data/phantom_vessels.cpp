// Grows a tree by the rule of Cuntz, Forstner, Borst and Häusser, "One rule to grow them all"
// (PLoS Comput. Biol. 2010): points are strewn evenly through the lung and joined one by one, each
// where (new length + factor x way back to the root) is least. Radii follow Murray (1926): where a
// vessel divides, the cubes of the radii add up, so a vessel that feeds n tips is cbrt(n) tips
// wide.
#include "data/phantom_vessels.h"

#include <limits>

namespace hilum::phantom {

namespace {

constexpr float kDetour = 0.7f;  // factor of the way back: 0 shortest net, 1 a star

struct Node {
  Vec3 at;
  std::size_t parent = 0;
  std::size_t tips = 0;
};

// Evenly random points inside one lung, at least `inset` from its surface.
std::vector<Vec3> strew(const Anatomy& a, const std::vector<Level>& levels, Side side,
                        std::size_t count, float inset, Stream& r) {
  std::vector<Vec3> points;
  for (std::size_t attempt = 0; points.size() < count && attempt < 40 * count; ++attempt) {
    const float z = r.range(0.02f, 0.98f) * a.height;
    const float x = r.range(0, 1.05f) * a.width;
    const Vec3 p{side == Side::left ? x : -x, r.range(-1.1f, 1.02f) * a.depth, z};
    const auto index = static_cast<std::size_t>(z / a.height * static_cast<float>(levels.size()));
    const Level& level = levels[std::min(index, levels.size() - 1)];
    if (level.cavity().distance(flat(p)) < -inset && level.side(flat(p)) == side &&
        level.lungs(flat(p)) < -inset) {
      points.push_back(p);
    }
  }
  return points;
}

// Node 0 is the root; parents stand before their children.
std::vector<Node> join(Vec3 root, const std::vector<Vec3>& points) {
  const std::size_t n = points.size();
  std::vector<Node> nodes{{root, 0, 0}};
  std::vector<float> way{0}, best(n, std::numeric_limits<float>::max());
  std::vector<std::size_t> via(n, 0), open(n);
  for (std::size_t i = 0; i < n; ++i) open[i] = i;
  while (!open.empty()) {
    const std::size_t last = nodes.size() - 1;
    std::size_t nearest = 0;
    for (std::size_t k = 0; k < open.size(); ++k) {
      const std::size_t i = open[k];
      const float cost = length(points[i] - nodes[last].at) + kDetour * way[last];
      if (cost < best[i]) {
        best[i] = cost;
        via[i] = last;
      }
      if (best[i] < best[open[nearest]]) nearest = k;
    }
    const std::size_t i = open[nearest];
    open[nearest] = open.back();
    open.pop_back();
    way.push_back(way[via[i]] + length(points[i] - nodes[via[i]].at));
    nodes.push_back({points[i], via[i], 0});
  }
  for (std::size_t i = nodes.size() - 1; i > 0; --i) {
    nodes[i].tips = std::max<std::size_t>(nodes[i].tips, 1);
    nodes[nodes[i].parent].tips += nodes[i].tips;
  }
  // Straighten: each inner node moves towards its parent and its widest child.
  std::vector<std::size_t> heir(nodes.size(), 0);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    std::size_t& h = heir[nodes[i].parent];
    if (h == 0 || nodes[i].tips > nodes[h].tips) h = i;
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 1; i < nodes.size(); ++i) {
      if (heir[i] == 0) continue;
      const Vec3 between = 0.5f * (nodes[nodes[i].parent].at + nodes[heir[i]].at);
      nodes[i].at = 0.5f * (nodes[i].at + between);
    }
  }
  return nodes;
}

float radius_of(std::size_t tips, float tip) { return tip * std::cbrt(static_cast<float>(tips)); }

// Each edge is drawn in two halves that bend a little, so that no vessel looks like a needle.
void add_edges(const std::vector<Node>& nodes, float tip, bool airways, Trees& trees, Stream& r) {
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const Node &end = nodes[i], &start = nodes[end.parent];
    const float r1 = radius_of(end.tips, tip);
    // At a fork the child starts with its own width, not with its parent's.
    const float r0 = std::min(radius_of(start.tips, tip), 1.15f * r1);
    const Vec3 along = end.at - start.at;
    const float bend = 0.07f * length(along);
    const Vec3 middle = start.at + 0.5f * along +
                        Vec3{bend * r.range(-1, 1), bend * r.range(-1, 1), bend * r.range(-1, 1)};
    const float rm = 0.5f * (r0 + r1);
    trees.vessels.push_back({start.at, middle, r0, rm});
    trees.vessels.push_back({middle, end.at, rm, end.tips == 1 ? 0.6f * r1 : r1});
    if (airways && r1 > 0.75f) {
      // The bronchus keeps to the artery's inner side, about as wide as the artery.
      const float air0 = 0.8f * r0, air1 = 0.8f * r1, airm = 0.5f * (air0 + air1);
      // Thin walls are lost between the air inside and the air outside; inside consolidated lung
      // the air alone shows (air bronchogram).
      const float wall = r1 > 1.15f ? 0.28f + 0.1f * r1 : 0;
      const Vec3 inner{start.at.x < 0 ? 0.8f : -0.8f, -0.5f, 0.3f};
      const Vec3 across = inner - (dot(inner, along) / dot(along, along)) * along;
      const Vec3 beside = ((r0 + air0 + wall + 0.3f) / std::max(length(across), 0.05f)) * across;
      trees.bronchi.push_back({{start.at + beside, middle + beside, air0, airm}, wall});
      trees.bronchi.push_back({{middle + beside, end.at + beside, airm, air1}, wall});
    }
  }
}

}  // namespace

Trees grow_trees(const Anatomy& a, Stream r) {
  constexpr std::size_t kLevels = 24, kArteries = 1000, kVeins = 600;
  std::vector<Level> levels;
  levels.reserve(kLevels);
  for (std::size_t i = 0; i < kLevels; ++i) {
    levels.emplace_back(a, (static_cast<float>(i) + 0.5f) / kLevels * a.height);
  }
  Trees trees;
  const float tip = r.range(0.5f, 0.66f);
  for (Side side : {Side::right, Side::left}) {
    const bool right = side == Side::right;
    const std::vector<Vec3> arteries = strew(a, levels, side, kArteries, 3.5f, r);
    add_edges(join(right ? a.hilum_right : a.hilum_left, arteries), tip, true, trees, r);
    const std::vector<Vec3> veins = strew(a, levels, side, kVeins, 4.5f, r);
    add_edges(join(right ? a.veins_right : a.veins_left, veins), 0.95f * tip, false, trees, r);
  }
  return trees;
}

}  // namespace hilum::phantom
