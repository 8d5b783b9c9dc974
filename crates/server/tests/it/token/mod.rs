mod attacks;
mod post;
