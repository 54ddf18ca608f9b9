//! The frame of a chart: title, legend, axes, outage bands, and marks in data coordinates.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;

/// Width and height of every chart at scale 1, in pixels.
pub(super) const SIZE: (u32, u32) = (960, 480);

/// The Okabe-Ito colours, which people with any colour vision can tell apart.
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const VERMILLION: RGBColor = RGBColor(213, 94, 0);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(super) const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub(super) const SKY: RGBColor = RGBColor(86, 180, 233);
pub(super) const PURPLE: RGBColor = RGBColor(204, 121, 167);
pub(super) const YELLOW: RGBColor = RGBColor(240, 228, 66);
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GREY: RGBColor = RGBColor(102, 102, 102);
const GRID: RGBColor = RGBColor(226, 226, 226);
const OUTAGE: RGBColor = RGBColor(250, 224, 205);

/// Dashes of lines, so that lines are told apart without colour: lengths of strokes and gaps, in
/// pixels.
pub(super) const DASHES: [&[f64]; 6] =
    [&[], &[8.0, 4.0], &[2.0, 3.0], &[10.0, 3.0, 2.0, 3.0], &[14.0, 5.0], &[4.0, 2.0]];

/// An outage as it is drawn: from which second to which, and what is written above it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Band {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) label: String,
}

/// An entry of the legend.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) colour: RGBColor,
    pub(super) sign: Sign,
}

/// How an entry of the legend is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sign {
    Line(&'static [f64]),
    Block,
    Dot,
    Ring,
    Cross,
    Square,
    Arrow,
}

/// What a chart says around its plot.
#[derive(Debug)]
pub(super) struct Captions {
    pub(super) title: String,
    pub(super) reading: String,
}

/// A chart's drawing area with its axes.
pub(super) struct Plot<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    scale: f64,
    /// Where the title of the upward axis stands.
    edge: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

pub(super) type Drawn = Result<(), String>;

fn told<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> String {
    error.to_string()
}

impl<'a, DB: DrawingBackend> Plot<'a, DB> {
    /// Draws frame, captions, legend, outages and axes; marks are drawn on top of it.
    pub(super) fn new(
        area: &'a DrawingArea<DB, Shift>,
        captions: &Captions,
        legend: &[Entry],
        (x, y): (Axis, Axis),
        bands: &[Band],
    ) -> Result<Self, String> {
        let (mut plot, legend_bottom) = Self::headed(area, captions, legend, (x, y))?;
        for (_, label) in &plot.y.ticks {
            // Between the edge and the labels the axis has its title.
            plot.left = plot.left.max(plot.width(label, 12.0)? + 36.0);
        }
        plot.top = legend_bottom + if bands.is_empty() { 12.0 } else { 28.0 };
        plot.bands(bands)?;
        plot.axes()?;
        Ok(plot)
    }

    /// Draws captions and legend; returns a plot without its place, and where the legend ends.
    fn headed(
        area: &'a DrawingArea<DB, Shift>,
        captions: &Captions,
        legend: &[Entry],
        (x, y): (Axis, Axis),
    ) -> Result<(Self, f64), String> {
        let (width, height) = area.dim_in_pixel();
        let scale = f64::from(width) / f64::from(SIZE.0);
        area.fill(&WHITE).map_err(told)?;
        let plot = Self {
            area,
            scale,
            edge: 8.0,
            left: 72.0,
            right: f64::from(SIZE.0) - 24.0,
            top: 0.0,
            bottom: f64::from(height) / scale - 52.0,
            x,
            y,
        };
        plot.text(&captions.title, (16.0, 12.0), 17.0, &INK, HPos::Left)?;
        plot.text(&captions.reading, (16.0, 36.0), 12.5, &GREY, HPos::Left)?;
        let legend_bottom = plot.legend(legend, 60.0)?;
        Ok((plot, legend_bottom))
    }

    /// Draws the frames of several plots with the same axes, a panel for each of `names`, in rows from
    /// left to right.
    pub(super) fn panels(
        area: &'a DrawingArea<DB, Shift>,
        captions: &Captions,
        legend: &[Entry],
        (x, y): &(Axis, Axis),
        names: &[String],
    ) -> Result<Vec<Self>, String> {
        let columns = panel_columns(names.len());
        let rows = names.len().div_ceil(columns).max(1);
        let (head, top) = Self::headed(area, captions, legend, (x.clone(), y.clone()))?;
        let mut labels: f64 = 24.0;
        for (_, label) in &y.ticks {
            labels = labels.max(head.width(label, 12.0)? + 14.0);
        }
        let (from, bottom) = (top + 6.0, f64::from(area.dim_in_pixel().1) / head.scale - 8.0);
        let (width, height) =
            ((f64::from(SIZE.0) - 16.0) / columns as f64, (bottom - from) / rows as f64);
        let mut panels = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let (row, column) = ((place / columns) as f64, (place % columns) as f64);
            let edge = 8.0 + column * width;
            // What the axes are of stands at the outer panels alone.
            let titled = |axis: &Axis, outer: bool| {
                let title = if outer { axis.title.clone() } else { String::new() };
                Axis { title, ..axis.clone() }
            };
            let last_of_column = place + columns >= names.len();
            let panel = Self {
                area,
                scale: head.scale,
                edge,
                left: edge + 18.0 + labels,
                right: edge + width - 14.0,
                top: from + row * height + 24.0,
                bottom: from + (row + 1.0) * height - 48.0,
                x: titled(x, last_of_column),
                y: titled(y, place % columns == 0),
            };
            panel.text(name, (panel.left, panel.top - 20.0), 12.5, &INK, HPos::Left)?;
            panel.axes()?;
            panels.push(panel);
        }
        Ok(panels)
    }

    fn pixel(&self, (x, y): (f64, f64)) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    /// Returns where a point of the data lies.
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (
            self.left + self.x.place(x) * (self.right - self.left),
            self.bottom - self.y.place(y) * (self.bottom - self.top),
        )
    }

    fn text(&self, text: &str, at: (f64, f64), size: f64, colour: &RGBColor, side: HPos) -> Drawn {
        let style = self.style(size, colour).pos(Pos::new(side, VPos::Top));
        self.area.draw_text(text, &style, self.pixel(at)).map_err(told)
    }

    /// plotters sets text in SVG smaller than asked by this factor.
    fn style(&self, size: f64, colour: &RGBColor) -> TextStyle<'static> {
        ("sans-serif", size * 1.24 * self.scale).into_font().color(colour)
    }

    /// Returns the width that is allowed for a text; the viewer's font may differ a little.
    fn width(&self, text: &str, size: f64) -> Result<f64, String> {
        let style = self.style(size, &INK);
        let (width, _) = self.area.estimate_text_size(text, &style).map_err(told)?;
        Ok(f64::from(width) / self.scale)
    }

    fn legend(&self, entries: &[Entry], top: f64) -> Result<f64, String> {
        let (mut x, mut y) = (16.0, top);
        for entry in entries {
            let width = 36.0 + self.width(&entry.label, 12.5)?;
            if x + width > self.right && x > 16.0 {
                (x, y) = (16.0, y + 19.0);
            }
            let middle = y + 8.0;
            match entry.sign {
                Sign::Line(dash) => {
                    self.stroke(&[(x, middle), (x + 24.0, middle)], entry.colour, 2.0, dash)?;
                }
                Sign::Block => {
                    self.block((x + 6.0, y + 2.0), (x + 20.0, y + 14.0), entry.colour)?;
                }
                other => self.sign((x + 14.0, middle), other, entry.colour)?,
            }
            self.text(&entry.label, (x + 30.0, y + 1.0), 12.5, &INK, HPos::Left)?;
            x += width + 12.0;
        }
        Ok(if entries.is_empty() { top - 6.0 } else { y + 18.0 })
    }

    fn bands(&self, bands: &[Band]) -> Drawn {
        let edge = |time: f64| self.at((time.clamp(self.x.from, self.x.to), 0.0)).0;
        let seen = |band: &&Band| band.from < self.x.to && band.to > self.x.from;
        for band in bands.iter().filter(seen) {
            let (from, to) = (edge(band.from), edge(band.to).max(edge(band.from) + 1.0));
            self.block((from, self.top), (to, self.bottom), OUTAGE)?;
        }
        let mut free_from = 0.0;
        for band in bands.iter().filter(seen) {
            let from = edge(band.from);
            for side in [from, edge(band.to)] {
                if side < self.right - 0.5 && side > self.left + 0.5 {
                    let line = [(side, self.top), (side, self.bottom)];
                    self.stroke(&line, VERMILLION, 1.0, &[3.0, 3.0])?;
                }
            }
            let width = self.width(&band.label, 11.0)?;
            let start = from.min(self.right - width);
            if start >= free_from && start >= self.left - 4.0 {
                self.text(&band.label, (start, self.top - 15.0), 11.0, &VERMILLION, HPos::Left)?;
                free_from = start + width + 6.0;
            }
        }
        Ok(())
    }

    fn axes(&self) -> Drawn {
        for (value, label) in &self.y.ticks {
            let y = self.at((self.x.from, *value)).1;
            self.stroke(&[(self.left, y), (self.right, y)], GRID, 1.0, &[])?;
            self.text(label, (self.left - 8.0, y - 6.0), 12.0, &INK, HPos::Right)?;
        }
        for (value, label) in &self.x.ticks {
            let x = self.at((*value, 0.0)).0;
            self.stroke(&[(x, self.bottom), (x, self.bottom + 5.0)], INK, 1.0, &[])?;
            self.text(label, (x, self.bottom + 8.0), 12.0, &INK, HPos::Center)?;
        }
        let corners = [(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)];
        self.stroke(&corners, INK, 1.0, &[])?;
        let centre = (self.left + self.right) / 2.0;
        self.text(&self.x.title, (centre, self.bottom + 28.0), 12.5, &INK, HPos::Center)?;
        let side = self
            .style(12.5, &INK)
            .transform(FontTransform::Rotate270)
            .pos(Pos::new(HPos::Center, VPos::Top));
        let middle = self.pixel((self.edge, (self.top + self.bottom) / 2.0));
        self.area.draw_text(&self.y.title, &side, middle).map_err(told)
    }

    /// Draws a line through points of the data.
    pub(super) fn line(
        &self,
        points: &[(f64, f64)],
        colour: RGBColor,
        dash: &'static [f64],
    ) -> Drawn {
        let points: Vec<_> = points.iter().map(|&point| self.at(point)).collect();
        self.stroke(&points, colour, 2.0, dash)
    }

    /// Draws a thin line through points of the data.
    pub(super) fn thin_line(&self, points: &[(f64, f64)], colour: RGBColor) -> Drawn {
        let points: Vec<_> = points.iter().map(|&point| self.at(point)).collect();
        self.stroke(&points, colour, 1.0, &[])
    }

    /// Draws a bar between two corners in data coordinates, with a hair of space at its sides.
    pub(super) fn bar(&self, from: (f64, f64), to: (f64, f64), colour: RGBColor) -> Drawn {
        let ((left, low), (right, high)) = (self.at(from), self.at(to));
        let gap = if right - left > 4.0 { 0.75 } else { 0.0 };
        self.block((left + gap, high), (right - gap, low), colour)
    }

    /// Fills a box between two corners in data coordinates, with `text` in its middle.
    pub(super) fn tile(
        &self,
        (from, to): ((f64, f64), (f64, f64)),
        colour: RGBColor,
        text: &str,
    ) -> Drawn {
        let ((left, low), (right, high)) = (self.at(from), self.at(to));
        self.block((left + 1.0, high + 1.0), (right - 1.0, low - 1.0), colour)?;
        // Dark text on light colours and the other way round.
        let light = u32::from(colour.0) * 3 + u32::from(colour.1) * 6 + u32::from(colour.2) > 1_300;
        let ink = if light { INK } else { WHITE };
        let middle = ((left + right) / 2.0, (low + high) / 2.0 - 7.0);
        self.text(text, middle, 12.5, &ink, HPos::Center)
    }

    /// Draws an interval from `low` to `high`, standing at `x` or lying at `y`, with ends.
    pub(super) fn interval(&self, low: (f64, f64), high: (f64, f64), colour: RGBColor) -> Drawn {
        const END: f64 = 4.0;
        let (low, high) = (self.at(low), self.at(high));
        let ends = if (low.0 - high.0).abs() < 0.5 { (END, 0.0) } else { (0.0, END) };
        self.stroke(&[low, high], colour, 1.5, &[])?;
        for (x, y) in [low, high] {
            let line = [(x - ends.0, y - ends.1), (x + ends.0, y + ends.1)];
            self.stroke(&line, colour, 1.5, &[])?;
        }
        Ok(())
    }

    /// Draws a mark at a point of the data.
    pub(super) fn mark(&self, at: (f64, f64), sign: Sign, colour: RGBColor) -> Drawn {
        self.sign(self.at(at), sign, colour)
    }

    /// Writes above a point of the data.
    pub(super) fn label(&self, at: (f64, f64), text: &str) -> Drawn {
        let (x, y) = self.at(at);
        self.text(text, (x, y - 18.0), 12.0, &INK, HPos::Center)
    }

    /// Writes in the middle of the plot, where there is nothing to draw.
    pub(super) fn remark(&self, text: &str) -> Drawn {
        let middle = ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0);
        self.text(text, middle, 14.0, &GREY, HPos::Center)
    }

    fn block(&self, low: (f64, f64), high: (f64, f64), colour: RGBColor) -> Drawn {
        let corners = [self.pixel(low), self.pixel(high)];
        self.area.draw(&Rectangle::new(corners, colour.filled())).map_err(told)
    }

    fn sign(&self, (x, y): (f64, f64), sign: Sign, colour: RGBColor) -> Drawn {
        const R: f64 = 3.5;
        match sign {
            Sign::Dot => self.disc((x, y), R + 0.5, colour),
            // Wider than a dot, so that both are seen where they fall together.
            Sign::Ring => {
                let style = colour.stroke_width((1.5 * self.scale).round() as u32);
                let radius = ((R + 1.5) * self.scale).round() as i32;
                let circle = Circle::new(self.pixel((x, y)), radius, style);
                self.area.draw(&circle).map_err(told)
            }
            Sign::Cross => {
                // One stroke: thousands of them make a page large.
                let corners =
                    [(x - R, y - R), (x + R, y + R), (x, y), (x - R, y + R), (x + R, y - R)];
                self.stroke(&corners, colour, 1.5, &[])
            }
            Sign::Square => self.block((x - R, y - R), (x + R, y + R), colour),
            Sign::Arrow => {
                let head = [(x - R, y - R), (x + R, y), (x - R, y + R)];
                self.stroke(&head, colour, 2.0, &[])
            }
            Sign::Line(_) | Sign::Block => Ok(()),
        }
    }

    fn disc(&self, centre: (f64, f64), radius: f64, colour: RGBColor) -> Drawn {
        let radius = (radius * self.scale).round() as i32;
        let circle = Circle::new(self.pixel(centre), radius, colour.filled());
        self.area.draw(&circle).map_err(told)
    }

    fn stroke(&self, points: &[(f64, f64)], colour: RGBColor, width: f64, dash: &[f64]) -> Drawn {
        let style = colour.stroke_width((width * self.scale).round().max(1.0) as u32);
        let draw = |points: Vec<(i32, i32)>| {
            self.area.draw(&PathElement::new(points, style)).map_err(told)
        };
        if dash.is_empty() {
            return draw(points.iter().map(|&point| self.pixel(point)).collect());
        }
        for piece in dashed(points, dash) {
            draw(piece.into_iter().map(|point| self.pixel(point)).collect())?;
        }
        Ok(())
    }
}

/// Returns how many panels stand side by side.
fn panel_columns(panels: usize) -> usize {
    match panels {
        0 | 1 => 1,
        2..=4 => 2,
        _ => 3,
    }
}

/// Returns the size of a chart with so many panels, at scale 1, in pixels.
pub(super) fn size_of_panels(panels: usize) -> (u32, u32) {
    const ROW: u32 = 220;
    match u32::try_from(panels.div_ceil(panel_columns(panels))).unwrap_or(1) {
        _ if panels < 2 => SIZE,
        rows => (SIZE.0, (110 + rows * ROW).max(SIZE.1)),
    }
}

/// Cuts a line into strokes; `dash` holds the lengths of strokes and gaps in turn.
fn dashed(points: &[(f64, f64)], dash: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let (mut place, mut left) = (0, dash[0]);
    for pair in points.windows(2) {
        let ((mut x, mut y), (to_x, to_y)) = (pair[0], pair[1]);
        loop {
            let (dx, dy) = (to_x - x, to_y - y);
            let length = (dx * dx + dy * dy).sqrt();
            if length <= left {
                left -= length;
                if place % 2 == 0 {
                    piece.push((to_x, to_y));
                }
                break;
            }
            (x, y) = (x + dx * left / length, y + dy * left / length);
            if place % 2 == 0 {
                piece.push((x, y));
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![(x, y)];
            }
            place = (place + 1) % dash.len();
            left = dash[place];
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_round_corners() {
        let pieces = dashed(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], &[8.0, 4.0]);
        assert_eq!(pieces, vec![vec![(0.0, 0.0), (8.0, 0.0)], vec![(10.0, 2.0), (10.0, 10.0)]]);
    }
}
